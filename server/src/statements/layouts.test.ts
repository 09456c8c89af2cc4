import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { chanceOf } from "./testing/chance.ts";
import { channelFormats } from "./testing/channel-formats.ts";
import { zipOf } from "./testing/zip-of.ts";

// Trade bills of every layout of WeChat Pay, and of the wrong day, as people send them in.

const DAY = "2026-11-19";

let platform: TestPlatform;
let account: string;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  const { body } = await platform.ops("GET", "/v1/ops/channel_accounts?limit=100");
  account = body.data.find(({ channel }: Json) => channel === "wechat").id;
});
after(() => platform.stop());

async function upload(date: string, body: Buffer): Promise<{ status: number; body: Json }> {
  const answer = await fetch(`${platform.baseUrl}/v1/ops/channel_accounts/${account}/statements/${date}`, {
    method: "POST",
    headers: {
      authorization: "Bearer op_only-for-tests-0123456789abcdef",
      "content-type": "application/octet-stream",
    },
    body: new Uint8Array(body),
  });
  return { status: answer.status, body: (await answer.json()) as Json };
}

/** A bill of the demo merchant's in this layout, and how many movements it has. */
function billOf(layout: string): { content: Buffer; count: number } {
  const format = channelFormats.find(({ name }) => name === `wechat ${layout}`) ?? assert.fail(layout);
  const text = format
    .sample(chanceOf(3))
    .replaceAll("1900000001", platform.demo.wechat_mchid ?? assert.fail());
  return { content: format.encode(text), count: format.count(text) };
}

test("a day's two halves are one statement, and neither alone", async () => {
  const [payments, refunds] = [billOf("SUCCESS"), billOf("REFUND")];
  for (const [half, what] of [
    [payments, "payments"],
    [refunds, "refunds"],
  ] as const) {
    for (const content of [half.content, gzipSync(half.content)]) {
      const alone = await upload(DAY, content);
      assert.deepEqual([alone.status, alone.body.line], [422, 0], JSON.stringify(alone.body));
      assert.match(alone.body.detail, new RegExp(`holds ${what} alone: send the bill of all movements`));
    }
  }
  const both = await upload(
    DAY,
    zipOf([
      [Buffer.from("success.csv"), payments.content],
      [Buffer.from("refund.csv.gz"), gzipSync(refunds.content)],
    ]),
  );
  assert.equal(both.status, 201, JSON.stringify(both.body));
  assert.deepEqual(
    both.body.totals.map(({ kind, count }: Json) => [kind, count]),
    [
      ["payment", payments.count],
      ["refund", refunds.count],
    ],
  );
  assert.deepEqual(both.body.notes, []);
  const lines = await platform.ops("GET", `/v1/ops/statements/${both.body.id}/lines?limit=100`);
  assert.equal(lines.body.data.length, payments.count + refunds.count);

  const all = billOf("ALL");
  const whole = await upload(DAY, gzipSync(all.content));
  assert.deepEqual([whole.status, whole.body.version, whole.body.lines], [201, 2, all.count]);
});

test("a bill that was sent in for another day is taken, and says so where people look", async () => {
  const wrong = await upload("2026-11-20", billOf("ALL").content);
  assert.equal(wrong.status, 201, JSON.stringify(wrong.body));
  const note = "no line is of 2026-11-20: line 2 is of 2026-11-19; is it the right day's file";
  assert.deepEqual(wrong.body.notes, [note]);
  const listed = await platform.ops("GET", `/v1/ops/statements?channel_account=${account}&date=2026-11-20`);
  assert.deepEqual(
    listed.body.data.map(({ notes }: Json) => notes),
    [[note]],
  );
});
