import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import type { ChannelAccount } from "../../channels/index.ts";
import { dateIn, plus } from "../../kernel/clock.ts";
import { type Id, parseId } from "../../kernel/ids.ts";
import type { ToldPayouts } from "../../statements/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { type Office, OUR_ACCOUNT, openOffice } from "../testing/office.ts";
import { matchAgain, type ToMatch } from "./matching.ts";
import { bookInTransit } from "./service.ts";
import { claimChannelPayouts } from "./store.ts";
import { readTold } from "./told.ts";

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

let statements = 0;
/** The room with a statement that tells these payouts, and how often it was marked as read. */
function telling(numbers: readonly string[], more: Partial<ToldPayouts> = {}) {
  const { deps } = office;
  const merchantId = parseId("mch", platform.demo.merchant_id) as Id;
  const account = async () => ({ merchantId, fundFlow: "through_platform" }) as ChannelAccount;
  statements += 1;
  const told: ToldPayouts = {
    statementId: deps.cell.newId(),
    channelAccountId: parseId("cha", platform.demo.channel_account_id) as Id,
    channelDate: dateIn("Asia/Shanghai", platform.clock.now()),
    version: statements,
    teller: "alipay 2088",
    payer: "Alipay",
    told: {
      account: "2088",
      payouts: numbers.map((payoutNo, index) => ({
        line: index,
        payoutNo,
        amount: 700n,
        currency: "CNY",
        left: 0n,
        isAll: false,
      })),
      cameBack: [],
      moved: [{ currency: "CNY", millionths: 5n, sharedMillionths: 0n, availableOn: null }],
      others: [],
    },
    ...more,
  };
  const marks: Id[] = [];
  const payoutStatements: PayoutsDeps["payoutStatements"] = {
    ...deps.payoutStatements,
    open: async () => told,
    lockCurrent: async () => true,
    done: async (_, id) => void marks.push(id),
  };
  return { deps: { ...deps, channels: { account }, payoutStatements }, id: told.statementId, marks };
}

const rowsOf = async (numbers: readonly string[]): Promise<Json[]> => {
  const { body } = await platform.ops("GET", "/v1/ops/channel_payouts?limit=100");
  return body.data.filter((row: Json) => numbers.includes(row.payout_no));
};

/** What a worker does some time after a crash. */
async function workLater(): Promise<void> {
  const { cell } = office.deps;
  platform.clock.advance(10 * 60_000);
  const now = cell.clock.now();
  const due = await cell.transact((tx) => claimChannelPayouts(tx, now, plus(now, 60_000), 10));
  for (const { id } of due) await bookInTransit(office.deps, [id]);
}

/**
 * Transactions of a reading: accounts of the platform, of the merchant, then the announcement and its side.
 */
for (let step = 0; step < 8; step += 1) {
  for (const isAfter of [false, true]) {
    test(`killed ${isAfter ? "after" : "before"} transaction ${step}, it is announced once`, async () => {
      const numbers = [`K${step}${isAfter}A`, `K${step}${isAfter}B`];
      const { deps, id } = telling(numbers);
      let count = -1;
      const transact: typeof deps.cell.transact = async (work, options) => {
        count += 1;
        if (count === step && !isAfter) throw new Error("killed");
        const done = await deps.cell.transact(work, options);
        if (count === step) throw new Error("killed");
        return done;
      };
      await readTold({ ...deps, cell: { ...deps.cell, transact } }, id).catch((error: Error) =>
        assert.match(error.message, /killed/),
      );
      assert.deepEqual(await office.broken(), []);
      await workLater();
      await readTold(deps, id);
      const rows = await rowsOf(numbers);
      assert.deepEqual(rows.map(({ payout_no, doubt }) => `${payout_no} ${doubt}`).toSorted(), [
        `${numbers[0]} null`,
        `${numbers[1]} null`,
      ]);
      assert.deepEqual(await office.broken(), []);
    });
  }
}

test("two contracts with one number at the channel tell a payout once", async () => {
  const { body } = await platform.ops("GET", "/v1/ops/channel_accounts?limit=100");
  const other = body.data.find(
    ({ id, fund_flow }: Json) => id !== platform.demo.channel_account_id && fund_flow === "through_platform",
  );
  const [one, two] = [
    telling(["TWICE"]),
    telling(["TWICE"], { channelAccountId: parseId("cha", other.id) as Id }),
  ];
  await Promise.all([readTold(one.deps, one.id), readTold(two.deps, two.id)]);
  assert.equal((await rowsOf(["TWICE"])).length, 1);
  assert.deepEqual([one.marks, two.marks], [[one.id], [two.id]]);
  assert.deepEqual(await office.broken(), []);
});

test("what many payouts of a morning explain is looked for once, and each is matched", async () => {
  const { deps } = office;
  const payer = "The bank of many";
  const matches = async () => {
    const text =
      "select id, currency, announced_date from channel_payouts where match_due_at is not null order by id";
    return deps.cell.db.all<ToMatch>({ name: "test_to_match", text });
  };
  for (const one of await matches()) await matchAgain(deps, one);
  assert.deepEqual(await matches(), []);
  const credits = [1, 2, 3].map((more) => ({ account: OUR_ACCOUNT, amount: 700 + more, name: payer }));
  for (const credit of credits) await platform.sandbox("POST", "/bank/credit", credit);
  const read = await office.read();
  assert.equal(read.end === "read" && read.left, 3);
  const many = telling(["MANY1", "MANY2", "MANY3"], { payer });
  const { told } = await many.deps.payoutStatements.open(many.id);
  const payouts = told.payouts.map((payout, index) => ({ ...payout, amount: 701n + BigInt(index) }));
  const { deps: reading, id } = telling([], { payer, told: { ...told, payouts } });
  await readTold(reading, id);
  const [first, ...others] = await matches();
  assert.equal(others.length, 2);
  await matchAgain(deps, first as ToMatch);
  assert.deepEqual(await matches(), []);
  const rows = await rowsOf(["MANY1", "MANY2", "MANY3"]);
  assert.deepEqual(
    rows.map(({ received }) => received),
    [true, true, true],
  );
  assert.deepEqual(await office.broken(), []);
});

test("what a newer version does not have is for people, and no longer when it has it again", async () => {
  const numbers = ["GONE1", "GONE2"];
  const doubts = async () => new Map((await rowsOf(numbers)).map((row) => [row.payout_no, row.doubt]));
  const [first, second, third] = [telling(numbers), telling(["GONE1"]), telling(numbers)];
  await readTold(first.deps, first.id);
  await readTold(second.deps, second.id);
  const gone = await doubts();
  assert.equal(gone.get("GONE1"), null);
  assert.match(gone.get("GONE2"), /^version \d+ of the statement does not have it$/);
  await readTold(third.deps, third.id);
  assert.deepEqual(await doubts(), new Map(numbers.map((number) => [number, null])));
  const back = telling([], { channelDate: "2026-01-01" });
  const { told } = await back.deps.payoutStatements.open(back.id);
  const cameBack = [{ line: 9, payoutNo: "GONE1" }];
  const returned = telling([], { channelDate: "2026-01-01", told: { ...told, cameBack } });
  await readTold(returned.deps, returned.id);
  assert.match((await doubts()).get("GONE1"), /^it came back to the channel/);
});
