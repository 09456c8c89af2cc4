import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type Answer,
  type Json,
  startTestPlatform,
  type TestPlatform,
} from "../../../tools/testing/platform.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(() => platform.stop());

const today = () => new Date(platform.clock.now().getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
const day = (date = today()) =>
  `/v1/ops/channel_accounts/${platform.demo.channel_account_id}/statements/${date}`;

async function upload(path: string, body: Buffer, type = "application/octet-stream"): Promise<Answer> {
  const answer = await fetch(platform.baseUrl + path, {
    method: "POST",
    headers: { authorization: "Bearer op_only-for-tests-0123456789abcdef", "content-type": type },
    body: new Uint8Array(body),
  });
  return { status: answer.status, body: (await answer.json()) as Json, headers: answer.headers };
}

async function original(id: string): Promise<Buffer> {
  const answer = await fetch(`${platform.baseUrl}/v1/ops/statements/${id}/original`, {
    headers: { authorization: "Bearer op_only-for-tests-0123456789abcdef" },
  });
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}

async function trade(): Promise<void> {
  const created = await platform.pay({ method: "alipay.qr", amount: 250 });
  await platform.payCode(created.body.next_action.qr_code);
  await platform.until(created.body.id, (seen) => seen.status === "succeeded");
  await platform.sandbox("POST", "/alipay/close-day", { app_id: platform.demo.alipay_app_id });
}

test("a day's statement is fetched, kept as it came, and read back line by line and in sum", async () => {
  assert.equal((await platform.ops("POST", `${day("2020-02-29")}/fetch`)).status, 404);
  await trade();
  const fetched = await platform.ops("POST", `${day()}/fetch`);
  assert.equal(fetched.status, 201, JSON.stringify(fetched.body));
  const { id, version, source, lines, totals, sha256 } = fetched.body;
  assert.deepEqual([version, source, lines], [1, "download", 1]);
  assert.deepEqual(totals, [
    { currency: "CNY", kind: "payment", count: 1, amount: 250, settle_amount: 250, fee: 2 },
  ]);
  const again = await platform.ops("POST", `${day()}/fetch`);
  assert.deepEqual([again.status, again.body.id, again.body.version], [200, id, 1]);

  const kept = await original(id);
  assert.equal(kept.subarray(0, 2).toString(), "PK");
  const uploaded = await upload(day(), kept);
  assert.deepEqual([uploaded.status, uploaded.body.id, uploaded.body.sha256], [200, id, sha256]);
  const listed = await platform.ops("GET", `/v1/ops/statements/${id}/lines`);
  assert.deepEqual(
    listed.body.data.map((line: Json) => [line.line, line.kind, line.amount]),
    [[6, "payment", 250]],
  );
});

test("a corrected file is the next version, a broken one or another day's a refusal that stays", async () => {
  await trade();
  const second = await platform.ops("POST", `${day()}/fetch`);
  assert.deepEqual([second.status, second.body.version, second.body.lines], [201, 2, 2]);
  const kept = await original(second.body.id);

  const elsewhere = await upload(day("2020-02-29"), kept);
  assert.equal(elsewhere.status, 422, JSON.stringify(elsewhere.body));
  assert.deepEqual([elsewhere.body.code, elsewhere.body.line], ["statement_invalid", 3]);
  const refusal = await platform.ops("GET", `/v1/ops/statements/${elsewhere.body.statement}`);
  assert.deepEqual(
    [refusal.body.state, refusal.body.version, refusal.body.date],
    ["refused", null, "2020-02-29"],
  );
  assert.deepEqual(await original(elsewhere.body.statement), kept);
  const repeated = await upload(day("2020-02-29"), kept);
  assert.equal(repeated.body.statement, elsewhere.body.statement, "the same refusal is told once");

  const broken = await upload(day(), kept.subarray(0, 200));
  assert.deepEqual([broken.status, broken.body.line], [422, 0]);
  assert.equal((await platform.ops("GET", `/v1/ops/statements/${broken.body.statement}/lines`)).status, 409);
  const list = await platform.ops("GET", `/v1/ops/statements?date=${today()}&state=accepted`);
  assert.deepEqual(
    list.body.data.map((row: Json) => row.version),
    [2, 1],
  );
});

test("an upload that is no file is refused before anything is kept, and merchants send none", async () => {
  assert.equal((await upload(day(), Buffer.alloc(0))).status, 400);
  assert.equal((await upload(day(), Buffer.from("{}"), "application/json")).status, 400);
  assert.equal((await upload(day(), Buffer.from("x"), "text/csv")).status, 415);
  assert.equal((await platform.api("GET", "/v1/ops/statements")).status, 401);
});
