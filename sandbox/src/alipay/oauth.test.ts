import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Bench, startBench } from "../testing/bench.ts";
import { type TestClock, testClock } from "../testing/clock.ts";

let bench: Bench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T01:30:00Z");
  bench = await startBench({ clock });
});
after(() => bench.stop());

const back = "https://shop.example/q/o/back?kept=1";

/** Where Alipay's page sends the browser of this buyer. */
async function sentBack(buyer?: string, more: Record<string, string> = {}): Promise<URL> {
  const query = new URLSearchParams({
    app_id: bench.merchant.appId,
    scope: "auth_base",
    redirect_uri: back,
    state: "s1",
    ...more,
  });
  const answer = await fetch(`${bench.url}/oauth2/publicAppAuthorize.htm?${query.toString()}`, {
    redirect: "manual",
    headers: buyer === undefined ? {} : { "sandbox-buyer": buyer },
  });
  await answer.body?.cancel();
  assert.equal(answer.status, 302);
  return new URL(answer.headers.get("location") ?? "");
}

/** As the official SDK asks, whose check of the signature passes. */
const exchange = (code: string, validateSign = true): Promise<Record<string, string>> =>
  bench.merchant.sdk.exec(
    "alipay.system.oauth.token",
    { grantType: "authorization_code", code },
    { validateSign },
  ) as never;
const codeOf = async (buyer?: string): Promise<string> =>
  (await sentBack(buyer)).searchParams.get("auth_code") ?? "";

void describe("Alipay tells an app who its user is", () => {
  void test("by a code that the browser brings back beside what was sent along", async () => {
    const url = await sentBack();
    assert.deepEqual(
      [url.searchParams.get("kept"), url.searchParams.get("state"), url.searchParams.get("app_id")],
      ["1", "s1", bench.merchant.appId],
    );
    const token = await exchange(url.searchParams.get("auth_code") ?? "");
    assert.equal(token.user_id, "2088000000000002");
    assert.ok((token.access_token ?? "").length > 20);
    assert.equal(token.code, undefined, "its yes has no code");
  });

  void test("by the same id each time, and another for another buyer", async () => {
    const ids = [];
    for (const buyer of ["ann", "ann", "bob"]) ids.push((await exchange(await codeOf(buyer))).user_id);
    assert.match(ids[0] ?? "", /^2088\d{12}$/);
    assert.deepEqual([ids[0] === ids[1], ids[0] === ids[2]], [true, false]);
  });

  void test("once, within three minutes, and only the app that asked", async () => {
    const used = await codeOf();
    await exchange(used);
    const late = await codeOf();
    await clock.advance(3 * 60_000);
    for (const code of [used, late, "nobodys"]) {
      // The SDK looks for the signature of a no in the wrong place.
      const { code: said, sub_code: why } = await exchange(code, false);
      assert.deepEqual([said, why], ["40002", "isv.code-invalid"], code);
    }
  });

  void test("never an app that it does not know", async () => {
    const query = "app_id=2021000000000000&scope=auth_base&redirect_uri=https://x.example";
    const answer = await fetch(`${bench.url}/oauth2/publicAppAuthorize.htm?${query}`, { redirect: "manual" });
    await answer.body?.cancel();
    assert.equal(answer.status, 400);
  });
});
