import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import type { CallEnd, Channel } from "../channels/index.ts";
import { channelDateOf, StatementFault } from "../channels/index.ts";
import { HOUR, MINUTE } from "../kernel/clock.ts";
import { parseId } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import { createStatementsRoom, type StatementsRoom } from "./index.ts";

/** What the toy channel says when it is asked for a day; the last is repeated. */
let said: CallEnd<Buffer>[] = [];
let asked = 0;
const none: CallEnd<Buffer> = { end: "refused", code: "no_statement", message: "none", retryable: true };
const file = (text: string): CallEnd<Buffer> => ({ end: "answered", value: Buffer.from(text) });

let platform: TestPlatform;
let room: StatementsRoom;
let accountId = "";
let worker: ReturnType<StatementsRoom["fetching"]["startWorker"]>;

before(async () => {
  // Without the platform's own worker, which would ask the simulator.
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  accountId = parseId("cha", platform.demo.channel_account_id) ?? assert.fail();
  room = createStatementsRoom({ cell: platform.app.cell, channels: toyChannels(), files: memoryFiles() });
  worker = room.fetching.startWorker(silentLog());
});
after(async () => {
  await worker.stop();
  await platform.stop();
});

test("a late statement is asked for until it is there, told as late meanwhile, and no error", async () => {
  said = [{ end: "unknown", reason: "time-out" }, none, file("good")];
  asked = 0;
  const scope = { channelAccountId: accountId, statementDate: "2019-03-01" };
  assert.equal(await room.fetching.expect([scope]), 1);
  assert.equal(await room.fetching.expect([scope, scope]), 0, "expecting it again changes nothing");
  await until(async () => asked === 1);
  const late = await until(async () => {
    const list = await platform.ops("GET", "/v1/ops/statement_fetches?late=true");
    return list.body.data.find((row: Json) => row.detail === "time-out") ?? null;
  });
  assert.deepEqual([late.state, late.asked, late.statement], ["waiting", 1, null]);
  assert.match(late.published_at, /^2019-03-02T01:00:00/);
  const { text } = await metrics();
  assert.match(text, /^tributary_statements_late 1$/m);

  for (const [gap, times] of [
    [15 * MINUTE, 2],
    [15 * MINUTE, 3],
  ] as const) {
    await until(async () => (await waiting("2019-03-01"))?.asked === times - 1);
    platform.clock.advance(gap + MINUTE);
    await until(async () => asked === times);
  }
  await until(async () => (await room.statements.state(trade("2019-03-01"))) === "accepted");
  await until(async () => (await waiting("2019-03-01")) === undefined);
  platform.clock.advance(2 * HOUR);
  worker.nudge();
  assert.equal(asked, 3, "what is there is asked for no more");
});

test("a day of which the channel tells nothing is empty when it said so and none is booked", async () => {
  said = [none];
  asked = 0;
  await room.fetching.expect([{ channelAccountId: accountId, statementDate: "2019-03-02" }]);
  for (let times = 1; times < 6; times += 1) {
    await until(async () => (await waiting("2019-03-02"))?.asked === times);
    assert.equal(await room.statements.current(trade("2019-03-02")), null);
    platform.clock.advance(HOUR + MINUTE);
    worker.nudge();
  }
  await until(async () => (await room.statements.state(trade("2019-03-02"))) === "none_published");
  const record = await room.statements.current(trade("2019-03-02"));
  assert.deepEqual([record?.version, record?.lines, record?.source], [1, 0, "none_published"]);
  assert.ok(record !== null);
  for await (const line of room.statements.lines(record)) assert.fail(`it has a line: ${line.line}`);
});

test("a day on which the books know of a payment is never taken as empty by itself", async () => {
  const created = await platform.pay({ method: "alipay.qr", amount: 250 });
  await platform.payCode(created.body.next_action.qr_code);
  await platform.until(created.body.id, (seen) => seen.status === "succeeded");
  const channelDate = channelDateOf({ timeZone: "Asia/Shanghai", dayStartMinutes: 0 }, platform.clock.now());
  said = [none];
  await room.fetching.expect([{ channelAccountId: accountId, statementDate: channelDate }]);
  platform.clock.advance(40 * HOUR);
  asked = 0;
  for (let times = 1; times < 8; times += 1) {
    await until(async () => (await waiting(channelDate))?.asked === times);
    platform.clock.advance(HOUR + MINUTE);
    worker.nudge();
  }
  await until(async () => /the books know of movements/.test((await waiting(channelDate))?.detail ?? ""));
  assert.equal(await room.statements.state(trade(channelDate)), "expected");

  const path = `/v1/ops/channel_accounts/${platform.demo.channel_account_id}/statements/${channelDate}/none`;
  const word = await platform.ops("POST", path, { reason: "Alipay's support says so" });
  assert.deepEqual([word.status, word.body.source, word.body.lines], [201, "none_published", 0]);
  const audit = await platform.ops("GET", `/v1/ops/audit?limit=5`);
  assert.ok(JSON.stringify(audit.body).includes("Alipay's support says so"), JSON.stringify(audit.body));
  assert.equal(await waiting(channelDate), undefined, "it is asked for no more");
});

test("a file that is refused is shown with its reason, and asked for again", async () => {
  said = [file("bad"), file("good")];
  asked = 0;
  await room.fetching.expect([{ channelAccountId: accountId, statementDate: "2019-03-04" }]);
  const refused = await until(async () => {
    const row = await waiting("2019-03-04");
    return row?.detail?.includes("line 3: the sum is wrong") ? row : null;
  });
  assert.equal(refused.asked, 1);
  assert.equal(await room.statements.state(trade("2019-03-04")), "refused");
  platform.clock.advance(HOUR + MINUTE);
  worker.nudge();
  await until(async () => (await room.statements.state(trade("2019-03-04"))) === "accepted");
});

const trade = (statementDate: string) =>
  ({ kind: "trade", channelAccountId: accountId, account: "", statementDate }) as const;

async function waiting(date: string) {
  const rows = await room.fetching.list(
    { channelAccountId: accountId, state: "waiting", late: false },
    null,
    50,
  );
  return rows.find((row) => row.statementDate === date);
}

async function metrics() {
  const answer = await fetch(`${platform.baseUrl}/metrics`);
  return { text: await answer.text() };
}

/** The platform's Alipay, but for its statements. */
function toyChannels() {
  const account = { id: accountId, callsPerSecond: 100 };
  const toy = {
    traits: {
      name: "alipay",
      displayName: "Alipay",
      timeZone: "Asia/Shanghai",
      dayStartMinutes: 0,
      statements: {
        publishedAfterMinutes: 540,
        gapsMs: [15 * MINUTE, 15 * MINUTE, HOUR],
        emptyAfterAsking: 6,
        showsReturns: false,
        omitsFailedRefunds: true,
        omitsReversedOf: ["testpay.code"],
      },
    },
    merchantOf: () => ({}),
    fetchStatement: async () => {
      const end = said[Math.min(asked, said.length - 1)] ?? none;
      asked += 1;
      return { ...end, exchange: null as never };
    },
    readStatement: async (of: { channelDate: string }, original: Buffer) =>
      original.toString() === "bad"
        ? new StatementFault(3, "the sum is wrong")
        : { account: "", channelDate: of.channelDate, lines: [], original },
  } as unknown as Channel;
  return {
    channel: () => toy,
    account: async () =>
      ({
        ...account,
        merchantId: parseId("mch", platform.demo.merchant_id),
        channel: "alipay",
        credentialVersion: 1,
        currencies: ["CNY"],
      }) as never,
    contextOf: async () => ({}) as never,
    budget: { take: async () => true },
  };
}

function memoryFiles() {
  const kept = new Map<string, Buffer>();
  return {
    keep: async (content: Buffer) => {
      const { sha256 } = await import("../kernel/crypto.ts");
      const hash = sha256(content);
      kept.set(hash.toString("hex"), content);
      return hash;
    },
    read: async (hash: Buffer) => kept.get(hash.toString("hex")) ?? assert.fail(),
    pathOf: () => "",
  };
}

/** Waits in the machine's time for what a worker does. */
async function until<T>(look: () => Promise<T>): Promise<NonNullable<T>> {
  for (let tried = 0; tried < 600; tried += 1) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it did not come");
}
