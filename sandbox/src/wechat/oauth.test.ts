import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type TestClock, testClock } from "../testing/clock.ts";
import { startWechatBench, type WechatBench } from "../testing/wechat.ts";

let bench: WechatBench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T01:30:00Z");
  bench = await startWechatBench({ clock, merchant: { sub_mchids: ["1900000109"] } });
});
after(() => bench.stop());

const inWechat = { "user-agent": "Mozilla/5.0 MicroMessenger/8.0.49" };

/** WeChat's page as the link gives it. */
async function authorize(query: string, headers: Record<string, string> = inWechat) {
  const address = `${bench.url}/wechat/connect/oauth2/authorize?${query}`;
  const answer = await fetch(address, { redirect: "manual", headers });
  return { status: answer.status, location: answer.headers.get("location"), text: await answer.text() };
}

const link = (appid: string, state = "S1"): string =>
  `appid=${appid}&redirect_uri=${encodeURIComponent("https://shop.example/back?kept=1")}` +
  `&response_type=code&scope=snsapi_base&state=${state}`;

async function codeOf(buyer?: string, appid = bench.appid): Promise<string> {
  const { location } = await authorize(link(appid), {
    ...inWechat,
    ...(buyer === undefined ? {} : { "sandbox-buyer": buyer }),
  });
  return new URL(location ?? "").searchParams.get("code") ?? "";
}

const exchange = (code: string, more: Record<string, string> = {}) =>
  bench.get(
    `/wechat/sns/oauth2/access_token?${new URLSearchParams({
      appid: bench.appid,
      secret: bench.provisioned.app_secret ?? "",
      code,
      grant_type: "authorization_code",
      ...more,
    }).toString()}`,
  );

void describe("WeChat tells an app who its user is", () => {
  void test("by a code that its browser brings back beside what was sent along", async () => {
    const { status, location } = await authorize(link(bench.appid));
    const url = new URL(location ?? "");
    assert.deepEqual([status, url.searchParams.get("kept"), url.searchParams.get("state")], [302, "1", "S1"]);
    const token = await exchange(url.searchParams.get("code") ?? "");
    assert.deepEqual([token.openid, token.scope], ["oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "snsapi_base"]);
  });

  void test("by one openid each time, another for another buyer and in another app", async () => {
    const ids = [];
    for (const buyer of ["ann", "ann", "bob"]) ids.push((await exchange(await codeOf(buyer))).openid);
    assert.match(String(ids[0]), /^o[\w-]{27}$/);
    assert.deepEqual([ids[0] === ids[1], ids[0] === ids[2]], [true, false]);
    const [sub] = bench.provisioned.sub_merchants as unknown as {
      sub_appid: string;
      sub_app_secret: string;
    }[];
    const { sub_appid: appid = "", sub_app_secret: secret = "" } = sub ?? {};
    const other = await exchange(await codeOf("ann", appid), { appid, secret });
    assert.notEqual(other.openid, ids[0]);
  });

  void test("once, within five minutes, with its secret alone", async () => {
    const used = await codeOf();
    await exchange(used);
    const late = await codeOf();
    await clock.advance(5 * 60_000);
    const fresh = await codeOf();
    const errors = [
      await exchange(used),
      await exchange(late),
      await exchange("nobodys"),
      await exchange(fresh, { secret: "0".repeat(32) }),
      await exchange(fresh, { appid: "wx0000000000000000" }),
      await exchange(fresh, { grant_type: "password" }),
    ].map(({ errcode }) => errcode);
    assert.deepEqual(errors, [40_029, 40_029, 40_029, 40_125, 40_013, 40_002]);
    const twice = await codeOf();
    await exchange(twice);
    assert.equal((await exchange(twice)).errcode, 40_163);
  });

  const wrong: Record<string, [query: (appid: string) => string, headers?: Record<string, string>]> = {
    "outside WeChat": [link, { "user-agent": "Mozilla/5.0 Chrome/130" }],
    "with the parameters in another order": [
      (appid) => `redirect_uri=x&appid=${appid}&response_type=code&scope=snsapi_base&state=S1`,
    ],
    "with a state that is no letters and digits": [(appid) => link(appid, "a-b_c")],
    "for an app that it does not know": [() => link("wx0000000000000000")],
  };
  for (const [title, [query, headers]] of Object.entries(wrong)) {
    void test(`never ${title}: its page says so`, async () => {
      const { status, location, text } = await authorize(query(bench.appid), headers);
      assert.deepEqual([status, location], [200, null]);
      assert.match(text, /<h1>.+<\/h1>/);
    });
  }
});
