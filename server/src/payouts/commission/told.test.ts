import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import type { ChannelAccount } from "../../channels/index.ts";
import { type Id, parseId } from "../../kernel/ids.ts";
import { openShop, type Shop } from "../../payments/testing/shop.ts";
import type { PayoutsDeps } from "../deps.ts";
import { type Earning, openEarning } from "../testing/earning.ts";
import { type Office, openOffice } from "../testing/office.ts";
import type { ToldRow } from "./model.ts";
import { acceptAction } from "./people.ts";
import { readCommissions } from "./told.ts";

let platform: TestPlatform;
let office: Office;
let earning: Earning;
let shop: Shop;
let number: string;
before(async () => {
  platform = await startTestPlatform();
  office = await openOffice(platform);
  earning = await openEarning(platform, office);
  shop = await openShop(platform, { fund_flow: "direct_to_merchant" });
  number = (await earning.paid(shop, 10_000_000)).attempts[0].channel_order_no;
});
after(async () => {
  await office.close();
  await platform.stop();
});

const rowOf = (amount: bigint, line = 2): ToldRow => ({
  line,
  number,
  kind: "commission",
  at: new Date("2026-03-01T04:00:00Z"),
  date: "2026-03-01",
  amount,
  settleAmount: amount,
  fee: 0n,
  currency: "CNY",
  balance: null,
  store: null,
  counterpartyName: null,
  counterpartyAccount: null,
  endToEndId: null,
  text: "",
});

/** The room with a statement that tells these rows, and how often it was marked as read. */
function telling(statementDate: string, rows: readonly ToldRow[], isCurrent = true) {
  const { deps } = office;
  const account = { merchantId: parseId("mch", shop.id) as Id, fundFlow: "direct_to_merchant" };
  const statementId = deps.cell.newId();
  const channelAccountId = parseId("cha", shop.channelAccountId) as Id;
  const marks: Id[] = [];
  const commissionStatements: PayoutsDeps["commissionStatements"] = {
    ...deps.commissionStatements,
    open: async () => ({ statementId, channelAccountId, statementDate, rows }),
    lockCurrent: async () => isCurrent,
    done: async (_, id) => void marks.push(id),
  };
  const channels = { account: async () => account as ChannelAccount };
  return { deps: { ...deps, channels, commissionStatements }, id: statementId, marks };
}

const owed = () => earning.balance(shop, "commission_receivable");

/** Transactions of a reading: accounts, what is there, then two steps of rows. */
for (let step = 0; step < 4; step += 1) {
  for (const isAfter of [false, true]) {
    test(`killed ${isAfter ? "after" : "before"} transaction ${step}, each row is booked once`, async () => {
      const date = `2026-03-${10 + 2 * step + Number(isAfter)}`;
      // More than one step takes, none of which is any other test's.
      const base = BigInt(1 + step * 2 + Number(isAfter));
      const tell = (from: number, count: number) =>
        Array.from({ length: count }, (_, at) => rowOf(base + BigInt(8 * (from + at)), at + 2));
      const sum = (rows: readonly ToldRow[]) =>
        Number(rows.reduce((total, { amount }) => total + amount, 0n));
      const before = await owed();
      const [first, second] = [tell(0, 510), tell(300, 510)];
      for (const rows of [first, second]) {
        const { deps, id, marks } = telling(date, rows);
        let count = -1;
        const transact: typeof deps.cell.transact = async (work, options) => {
          count += 1;
          if (count === step && !isAfter) throw new Error("killed");
          const done = await deps.cell.transact(work, options);
          if (count === step) throw new Error("killed");
          return done;
        };
        const killed = readCommissions({ ...deps, cell: { ...deps.cell, transact } }, id);
        await assert.rejects(killed, /killed/);
        assert.deepEqual(await office.broken(), []);
        await Promise.all([readCommissions(deps, id), readCommissions(deps, id)]);
        assert.equal(await owed(), before + sum(rows));
        assert.ok(marks.length > 0);
        assert.deepEqual(await office.broken(), []);
      }
      const none = telling(date, []);
      await readCommissions(none.deps, none.id);
      assert.equal(await owed(), before);
    });
  }
}

test("a version that is not current any more books nothing, and is done with", async () => {
  const before = await owed();
  const { deps, id, marks } = telling("2026-03-30", [rowOf(77n)], false);
  await readCommissions(deps, id);
  assert.deepEqual([await owed(), marks], [before, [id]]);
});

test("of a row accepted and withdrawn at once nothing is left, whichever was first", async () => {
  const before = await owed();
  for (let round = 0; round < 12; round += 1) {
    const date = `2026-04-${10 + round}`;
    const [there, gone] = [telling(date, [{ ...rowOf(9_000n), number: `N${round}` }]), telling(date, [])];
    await readCommissions(there.deps, there.id);
    const { body } = await platform.ops("GET", "/v1/ops/commissions?state=unmatched&limit=1");
    const approval = { payload: { commission: body.data[0].id }, id: there.deps.cell.newId() } as Json;
    const [ended] = await Promise.all([
      acceptAction(there.deps).carryOut(approval),
      readCommissions(gone.deps, gone.id),
    ]);
    assert.ok("done" in ended || /does not have the row/.test(ended.refused), JSON.stringify(ended));
    const { body: after } = await platform.ops("GET", "/v1/ops/commissions?state=withdrawn&limit=1");
    assert.equal(after.data[0].id, body.data[0].id);
    assert.equal(await owed(), before);
  }
  assert.deepEqual(await office.broken(), []);
});

test("statements of two dates that tell one payment at once never book more than it was of", async () => {
  const payment = await earning.paid(shop, 1_000);
  const own: string = payment.attempts[0].channel_order_no;
  const before = await owed();
  const dates = ["2026-05-01", "2026-05-02", "2026-05-03", "2026-05-04"];
  const all = dates.map((date, at) => telling(date, [{ ...rowOf(400n + BigInt(at)), number: own }]));
  await Promise.all(all.map(({ deps, id }) => readCommissions(deps, id)));
  const booked = (await owed()) - before;
  assert.ok(booked > 800 && booked <= 1_000, `${booked} of 1000`);
  assert.deepEqual(await office.broken(), []);
});
