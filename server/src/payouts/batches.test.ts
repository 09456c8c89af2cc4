import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR } from "../kernel/clock.ts";
import { formatId } from "../kernel/ids.ts";
import type { Merchant } from "../merchants/index.ts";
import { type BankAccount, DEFAULT_TERMS, type Payout, SOURCE_CODES, SOURCES_MAX } from "./model.ts";
import { newPayout } from "./payout/service.ts";
import { proposeSettled } from "./payout/settled.ts";
import { insertSources } from "./payout/sources.ts";
import { insertPayouts } from "./payout/store.ts";
import { CONNECTION, type Office, openOffice } from "./testing/office.ts";

let platform: TestPlatform;
let office: Office;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  office = await openOffice(platform);
});
after(async () => {
  await office.close();
  await platform.stop();
});

const bankAccounts = () => `/v1/ops/merchants/${platform.demo.merchant_id}/bank_accounts`;
const funds = async () => (await platform.ops("GET", "/v1/ops/payout_funds?currency=CNY")).body;

async function entered(wanted: Json = {}): Promise<Json> {
  const { body: merchant } = await platform.ops("GET", `/v1/ops/merchants/${platform.demo.merchant_id}`);
  return platform.ops("POST", bankAccounts(), {
    currency: "CNY",
    holder_name: merchant.legal_name,
    number: "6222 0200 0000 0000 888",
    bank_code: "102100099996",
    ...wanted,
  });
}

test("money goes to an account in the merchant's registered name that two people have verified", async () => {
  const stranger = await entered({ holder_name: "Somebody Else" });
  assert.deepEqual([stranger.status, stranger.body.field], [400, "holder_name"]);
  const wrong = await entered({ bank_code: "12345678" });
  assert.deepEqual([wrong.status, wrong.body.field], [400, "bank_code"]);
  const { status, body: account } = await entered();
  assert.deepEqual([status, account.state, account.number], [201, "unverified", "****0888"]);
  await office.fund(1_000_000n, 0n);
  const wanted = { merchant_payout_no: "early", amount: 100, currency: "CNY" };
  assert.equal((await platform.api("POST", "/v1/payouts", wanted)).body.code, "bank_account_not_verified");
  const evidence = { evidence: "Account opening letter, file 7" };
  const proposal = await platform.ops("POST", `/v1/ops/bank_accounts/${account.id}/verify`, evidence);
  assert.equal((await platform.ops("POST", `/v1/ops/approvals/${proposal.body.id}/approve`)).status, 403);
  await office.approved(proposal);
  const { status: now, body: payout } = await platform.api("POST", "/v1/payouts", wanted);
  assert.deepEqual([now, payout.bank_account.id], [201, account.id]);
});

test("a changed account waits for its cool-down, and payouts go on to the old one", async () => {
  const { body: old } = await platform.api("GET", "/v1/bank_accounts");
  const next = await office.verifiedAccount("6222020000000000999");
  const during = await office.payout(100);
  assert.equal(during.bank_account.id, old.data[0].id);
  platform.clock.advance(24 * HOUR);
  const afterwards = await office.payout(100);
  assert.equal(afterwards.bank_account.id, next.id);
  // The one before waits no more once the new one is stopped.
  await platform.ops("POST", `/v1/ops/bank_accounts/${next.id}/disable`);
  assert.equal((await office.payout(100)).bank_account.id, old.data[0].id);
});

test("account numbers are found by their number and kept nowhere as they are", async () => {
  const found = await platform.ops("POST", "/v1/ops/bank_accounts/find", { number: "6222020000000000999" });
  assert.deepEqual(
    found.body.data.map(({ number }: Json) => number),
    ["****0999"],
  );
  const statement = { name: "test_numbers", text: "select b::text as row from bank_accounts b order by id" };
  for (const { row } of await office.deps.platform.db.all<{ row: string }>(statement)) {
    assert.doesNotMatch(row, /6222020000000000/);
    assert.doesNotMatch(row, new RegExp(Buffer.from("6222020000000000").toString("hex")));
  }
});

test("two batches cannot spend the same reserve, however they race", async () => {
  await office.fund(1n, 60_000n);
  const payouts = [await office.payout(40_000), await office.payout(40_000)];
  const proposals = [];
  for (const { id } of payouts) proposals.push((await office.propose([id])).body);
  const own = `/v1/ops/approvals/${proposals[0].approval.id}/approve`;
  assert.equal((await platform.ops("POST", own)).body.code, "second_person_required");
  const answers = await Promise.all(proposals.map(({ approval }) => office.approve(approval.id)));
  assert.deepEqual(
    answers.map(({ status }) => status).sort((a, b) => a - b),
    [200, 409],
  );
  const refused = answers.findIndex(({ status }) => status === 409);
  assert.equal(answers[refused]?.body.code, "reserve_insufficient");
  const { connections, ...all } = await funds();
  assert.deepEqual(all, { currency: "CNY", reserve: 60_000, instructed: 40_000, free: 20_000 });
  // No statement has been read: with one account for the reserve, the books' word is enough.
  const untold = { reserve: 0, instructed: 40_000, free: -40_000, is_told: false };
  assert.deepEqual(connections, [{ connection: CONNECTION, ...untold }]);
  // Approved again once the reserve covers it.
  await office.fund(1n, 20_000n);
  assert.equal((await office.approve(proposals[refused].approval.id)).status, 200);
  assert.equal((await funds()).free, 0);
});

test("a batch takes the money of no more merchants' books than one transaction can send", async () => {
  const { cell } = office.deps;
  const payouts = Array.from({ length: 11 }, (_, at): Payout => {
    const payee = { payeeKind: "partner", payeeId: cell.newId() } as const;
    const wish = { number: `W${at}`, request: "{}", settlementId: null, remark: null };
    const account = { id: cell.newId(), holderName: "Agency", bankCode: "102100099996", numberLast: "0001" };
    const destination = { account: account as BankAccount, terms: DEFAULT_TERMS };
    return newPayout(office.deps, payee, { ...wish, amount: 100n, currency: "CNY" }, destination);
  });
  const sources = payouts.flatMap(({ id: payoutId }) =>
    Array.from({ length: SOURCES_MAX }, () => ({
      payoutId,
      merchantId: cell.newId(),
      code: SOURCE_CODES.partner,
      amount: 1n,
    })),
  );
  await cell.transact(async (tx) => {
    await insertPayouts(tx, payouts, cell.clock.now());
    await insertSources(tx, sources);
  });
  const ids = payouts.map(({ id }) => formatId("pyt", id));
  const many = await office.propose(ids);
  assert.deepEqual([many.status, many.body.field], [409, "payouts"]);
  assert.match(many.body.detail, /1000 merchants' books: name fewer/);
  const { status, body } = await office.propose(ids.slice(1));
  assert.deepEqual([status, body.batch.payouts], [202, 10]);
  await platform.ops("POST", `/v1/ops/payout_batches/${body.batch.id}/dissolve`);
  for (const id of ids) {
    const reason = { reason: "Made by the test alone" };
    assert.equal((await platform.ops("POST", `/v1/ops/payouts/${id}/withdraw`, reason)).status, 200);
  }
});

test("a batch that is taken apart lets its payouts wait again, and is no longer approved", async () => {
  const made = await office.payout(500);
  const { body: proposal } = await office.propose([made.id]);
  const twice = await office.propose([made.id]);
  assert.deepEqual([twice.status, twice.body.field], [409, "payouts"]);
  const dissolved = await platform.ops("POST", `/v1/ops/payout_batches/${proposal.batch.id}/dissolve`);
  assert.equal(dissolved.body.state, "dissolved");
  assert.equal((await office.approve(proposal.approval.id)).status, 409);
  assert.equal((await office.propose([made.id])).status, 202);
});

test("a company's file is taken as a whole or refused as a whole, with line and reason", async () => {
  const merchant = platform.demo.merchant_id;
  const send = (lines: string[]) => {
    const csv = ["merchant,payout_no,amount,remark", ...lines].join("\n");
    return platform.ops("POST", "/v1/ops/payout_files", { connection: CONNECTION, csv });
  };
  const list = async () => (await platform.api("GET", "/v1/payouts?limit=100")).body.data.length;
  const before = await list();
  const bad = await send([`${merchant},F-1,1.00,ok`, `${merchant},F-2,1.001,ok`]);
  assert.deepEqual([bad.status, bad.body.code, bad.body.line], [422, "payout_file_refused", 3]);
  const short = await send([`${merchant},F-1,1.00,ok`, `${merchant},F-2,99999999.00,ok`]);
  assert.deepEqual([short.status, short.body.line], [422, 3]);
  assert.match(short.body.reason, /available balance/);
  assert.equal(await list(), before);
  const rows = [`${merchant},F-1,1.00,"Rent, May"`, `${merchant},F-2,2.50,`];
  const taken = await send(rows);
  assert.equal(taken.status, 202, JSON.stringify(taken.body));
  assert.deepEqual([taken.body.batch.payouts, taken.body.batch.amount], [2, 350]);
  const again = await send(rows);
  assert.deepEqual([again.status, again.body.batch.id], [202, taken.body.batch.id]);
  const mixed = await send([`${merchant},F-3,1.00,`, rows[0] as string]);
  assert.deepEqual([mixed.status, mixed.body.line], [422, 3]);
  const items = [{ merchant, payout_no: "F-3", amount: 100 }];
  const byApi = await platform.ops("POST", "/v1/ops/payout_files", { connection: CONNECTION, items });
  assert.equal(byApi.status, 202, JSON.stringify(byApi.body));
  const twice = [`${merchant},F-4,1.00,`, `${merchant},F-5,1.00,`];
  const sent = await Promise.all([send(twice), send(twice), send(twice)]);
  assert.deepEqual(
    sent.map(({ status, body }) => [status, body.batch?.id]),
    sent.map(() => [202, sent[0]?.body.batch?.id]),
    "the same file in the same moment is the same batch",
  );
  assert.deepEqual(await office.broken(), []);
});

test("each settlement is paid once, however often and by however many it is asked for", async () => {
  const { body } = await platform.ops("GET", `/v1/ops/merchants/${platform.demo.merchant_id}`);
  const merchant = {
    id: office.merchantId,
    legalName: body.legal_name,
    currencies: [{ currency: "CNY", creditLine: 0n }],
  } as unknown as Merchant;
  const { newId } = office.deps.cell;
  const settlement = (amount: bigint) => ({
    settlementId: newId(),
    accountingDate: "2026-11-20",
    merchantId: office.merchantId,
    currency: "CNY",
    amount,
  });
  const settlements = [settlement(300n), settlement(10_000_000_000n), settlement(400n)];
  const deps = {
    ...office.deps,
    merchants: { ...office.deps.merchants, many: async () => new Map([[office.merchantId, merchant]]) },
    settlementsToPay: async () => settlements,
  };
  const run = (except: string[] = [], date = "2026-11-20") =>
    proposeSettled(deps, date, async () => undefined, new Set(except));
  const { made: kept, refused: none } = await run(["CNY"]);
  assert.deepEqual([kept, none], [0, []], "a currency that is short pays nothing");
  const raced = await Promise.all([run(), run(), run()]);
  const sum = (all: readonly { readonly made: number }[]) => all.reduce((total, { made }) => total + made, 0);
  assert.equal(sum(raced), 2);
  const again = await run();
  assert.deepEqual([again.made, again.known], [0, 2]);
  const short = again.refused.map(({ settlementId, code }) => [settlementId, code]);
  assert.deepEqual(short, [[settlements[1]?.settlementId, "insufficient_balance"]]);
  // What has left its merchant's balance did not come back until the next close: what is there is paid.
  settlements.push(settlement(1n));
  const next = await Promise.all([1, 2, 3].map(() => run([], "2026-11-21")));
  assert.equal(sum(next), 2);
  const { body: list } = await platform.api("GET", "/v1/payouts?limit=100");
  const settled: Json[] = list.data.filter(({ settlement: of }: Json) => of !== null);
  const [large, ...small] = settled.map(({ amount }) => amount as number).sort((a, b) => b - a);
  assert.deepEqual(small, [400, 300, 1]);
  assert.ok(Number(large) > 400 && Number(large) < 10_000_000_000);
  await assert.rejects(
    proposeSettled(deps, "2026-11-20", () => Promise.reject(new Error("stopping")), new Set()),
    /stopping/,
  );
  assert.deepEqual(await office.broken(), []);
});
