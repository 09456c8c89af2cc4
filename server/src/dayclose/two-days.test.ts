import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { unzip } from "../kernel/zip.ts";
import { type Hands, handsOn } from "../payments/testing/hands.ts";
import { type Office, openOffice } from "../payouts/testing/office.ts";
import { daysOn } from "./testing/days.ts";

let platform: TestPlatform;
let office: Office;
let hands: Hands;
const days = daysOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
  hands = handsOn(() => platform);
  office = await openOffice(platform);
  await office.verifiedAccount();
  await office.fund(1n, 1_000_000n);
});
after(async () => {
  await office.close();
  await platform.stop();
});

async function paidWith(difference: string | null, amount: number): Promise<Json> {
  const payment = await hands.create({ method: "alipay.qr", amount });
  if (difference !== null) {
    const match = { out_trade_no: hands.order(payment), method: "bill" };
    await hands.fault("bill_disagrees", match, { difference });
  }
  await platform.payCode(payment.next_action.qr_code);
  return platform.until(payment.id, (seen) => seen.status === "succeeded");
}

const breaks = async (): Promise<Json[]> =>
  (await platform.ops("GET", "/v1/ops/breaks?state=all&limit=100")).body.data;

const shown = (rows: readonly Json[]) =>
  rows
    .map((row) => `${row.kind} ${row.state}`)
    .toSorted()
    .join(", ");

test("bills that disagree leave a break of each kind, which the next day opens or explains", async () => {
  await paidWith(null, 50_000);
  await paidWith("amount_off", 10_000);
  await paidWith("fee_difference", 20_000);
  await paidWith("missing_row", 30_000);
  await paidWith("duplicate_row", 40_000);
  const late = await paidWith("wrong_day", 60_000);
  const first = await days.next();
  await days.closeInTheMorning(first);
  assert.equal(
    shown(await breaks()),
    [
      "amount open",
      "duplicate_theirs open",
      "fee open",
      "payment_ours_only pending",
      "payment_ours_only pending",
    ].join(", "),
  );
  const report = await days.report(first);
  assert.deepEqual(
    report.chain.map((row: Json) => row.ties),
    [true],
  );
  assert.deepEqual(report.notes, []);
  await assertInvariants(platform);

  await paidWith(null, 70_000);
  const second = await days.next();
  await days.closeInTheMorning(second);
  const now = await breaks();
  assert.equal(
    shown(now),
    [
      "amount open",
      "duplicate_theirs open",
      "fee open",
      "payment_ours_only open",
      "payment_ours_only resolved",
    ].join(", "),
  );
  const explained = now.find((row) => row.state === "resolved");
  assert.deepEqual([explained?.payment, explained?.resolution], [late.id, "explained"]);
  assert.ok((await days.report(second)).chain.every((row: Json) => row.ties));
  await assertInvariants(platform);
});

test("what a day settles arrives at the merchant's bank, and the settlement says it is paid", async () => {
  const { data } = (await platform.api("GET", "/v1/payouts")).body;
  const made = data.filter((payout: Json) => payout.status === "created");
  assert.equal(made.length, 2, JSON.stringify(data));
  await office.batch(made.map(({ id }: Json) => id));
  for (const { id } of made) await office.until(id, "sent");
  await office.read();
  for (const { id } of made) await office.until(id, "succeeded");
  // Whoever read the statement died before it told of it: the next close does.
  const statuses = async () =>
    (await platform.api("GET", "/v1/settlements")).body.data.map(({ state }: Json) => state);
  assert.deepEqual(await statuses(), ["approved", "approved"]);
  await days.close(await days.next());
  assert.deepEqual((await statuses()).toSorted(), ["paid", "paid"]);
  await assertInvariants(platform);
});

test("a corrected file of a closed day is compared in the next close, which explains the break", async () => {
  const doubled = async () =>
    (await breaks()).find(({ kind }) => kind === "duplicate_theirs") ?? assert.fail("it was found");
  const { channel_date: date, state } = await doubled();
  assert.equal(state, "open");
  const sent = await sendIn(date, withoutRepeatedLine(await detailOf(date)));
  assert.equal(sent.version, 2, JSON.stringify(sent));

  const closed = await days.next();
  assert.match(comparedIn(await days.closeInTheMorning(closed)), /, 1 of them corrected /);
  const explained = await doubled();
  assert.deepEqual([explained.state, explained.resolution], ["resolved", "explained"]);
  assert.ok((await days.report(closed)).chain.every((row: Json) => row.ties));
  await assertInvariants(platform);

  const after = await days.closeInTheMorning(await days.next());
  assert.doesNotMatch(comparedIn(after), /corrected/, "what was compared again is not once more");
});

const comparedIn = ({ steps }: Json): string => steps.find((step: Json) => step.name === "reconcile").detail;

const OPERATOR = { authorization: "Bearer op_only-for-tests-0123456789abcdef" };

/** The lines of Alipay's file of a date as it was kept, byte by byte. */
async function detailOf(date: string): Promise<string[]> {
  const of = `kind=trade&channel_account=${platform.demo.channel_account_id}&date=${date}`;
  const { data } = (await platform.ops("GET", `/v1/ops/statements?${of}`)).body;
  const original = await fetch(`${platform.baseUrl}/v1/ops/statements/${data[0].id}/original`, {
    headers: OPERATOR,
  });
  const [detail] = await unzip(Buffer.from(await original.arrayBuffer()));
  return (detail?.content ?? assert.fail("the archive is empty")).toString("latin1").split("\r\n");
}

/** Without the line that stands there twice, and with the total that the others make. */
function withoutRepeatedLine(lines: readonly string[]): string {
  const repeated = lines.findIndex((line, index) => line !== "" && lines.indexOf(line) < index);
  const [amount] = /(?<=,)\d+\.\d\d(?=,)/.exec(lines[repeated] ?? "") ?? assert.fail("no line stands twice");
  const end = lines.findIndex((line, index) => index > repeated && line.startsWith("#"));
  const total = lines[end + 1]?.replace(
    /(\d+)(\D+)(\d+\.\d\d)/,
    (_, count, words, sum) => `${count - 1}${words}${yuan(fen(sum) - fen(amount))}`,
  );
  return lines
    .with(end + 1, total ?? "")
    .toSpliced(repeated, 1)
    .join("\r\n");
}

const fen = (text: string) => BigInt(text.replace(".", ""));
const yuan = (amount: bigint) => `${amount / 100n}.${String(amount % 100n).padStart(2, "0")}`;

async function sendIn(date: string, file: string): Promise<Json> {
  const path = `/v1/ops/channel_accounts/${platform.demo.channel_account_id}/statements/${date}`;
  const answer = await fetch(platform.baseUrl + path, {
    method: "POST",
    headers: { ...OPERATOR, "content-type": "application/octet-stream" },
    body: new Uint8Array(Buffer.from(file, "latin1")),
  });
  return answer.json();
}
