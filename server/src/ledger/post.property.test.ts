import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import fc from "fast-check";
import type { Id } from "../kernel/ids.ts";
import type { AccountCode } from "./chart.ts";
import { CHART } from "./chart.ts";
import type { HoldCommand, Journal, JournalDraft } from "./model.ts";
import { reversalOf } from "./model.ts";
import { accountView, balanceAt, entries } from "./reading.ts";
import {
  createTestCell,
  draftOf,
  move,
  newId,
  openTestMerchant,
  postNow,
  type TestCell,
  type TestMerchant,
  violationsOf,
} from "./testing/books.ts";
import { NaiveBooks } from "./testing/naive-books.ts";

const CODES = [
  "merchant_pending",
  "merchant_available",
  "channel_receivable",
  "merchant_receivable",
  "refund_clearing",
  "receiver_available",
] as const satisfies readonly AccountCode[];
const HOLDABLE = ["merchant_available", "merchant_pending", "receiver_available"] as const;
/** Opened with a floor of its own, which it starts below. */
const RAISED_FLOOR = 100n;

const book = fc.nat(1);
const code = fc.constantFrom(...CODES);
const amount = fc.bigInt({ min: 0n, max: 400n });
const nth = fc.nat(30);

/** One thing asked of the books; `nth` means one of those that went before. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ step: fc.constant("earn"), book, amount }) },
  { weight: 4, arbitrary: fc.record({ step: fc.constant("move"), book, debit: code, credit: code, amount }) },
  {
    weight: 4,
    arbitrary: fc.record({ step: fc.constant("draw"), book, amount, least: fc.nat(50), credit: fc.nat(300) }),
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("repay"), book, amount }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant("again"), nth }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant("reverse"), nth }) },
  {
    weight: 3,
    arbitrary: fc.record({ step: fc.constant("place"), book, code: fc.constantFrom(...HOLDABLE), amount }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("release"), nth }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("capture"), nth, amount }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

let cell: TestCell;
before(async () => {
  cell = await createTestCell();
});
after(() => cell.close());

/** Turns steps into commands, remembering what earlier steps made. */
class Scribe {
  readonly asked: JournalDraft[] = [];
  readonly holds: (HoldCommand & { hold: "place" })[] = [];
  readonly #shops: readonly TestMerchant[];
  readonly #naive: NaiveBooks;

  constructor(shops: readonly TestMerchant[], naive: NaiveBooks) {
    this.#shops = shops;
    this.#naive = naive;
  }

  write(steps: readonly Step[]): { drafts: JournalDraft[]; holds: HoldCommand[] } {
    const drafts: JournalDraft[] = [];
    const holds: HoldCommand[] = [];
    const known = this.holds.length;
    for (const one of steps) {
      if (one.step === "place") holds.push(this.#place(one));
      else if (one.step === "release" || one.step === "capture") this.#end(one, known, drafts, holds);
      else drafts.push(...this.#draft(one));
    }
    this.asked.push(...drafts);
    return { drafts, holds };
  }

  #draft(one: Exclude<Step, { step: "place" | "release" | "capture" }>): JournalDraft[] {
    if (one.step === "again") {
      const earlier = this.asked[one.nth % Math.max(1, this.asked.length)];
      return earlier === undefined ? [] : [{ ...earlier, id: newId() }];
    }
    if (one.step === "reverse") {
      const earlier = this.#naive.journals[one.nth % Math.max(1, this.#naive.journals.length)];
      return earlier === undefined ? [] : [reversalOf(this.#journal(earlier), newId(), newId())];
    }
    const shop = this.#shops[one.book] as TestMerchant;
    const at = (name: AccountCode) => shop.account(name);
    if (one.step === "move") return [draftOf(shop.bookId, move(at(one.debit), at(one.credit), one.amount))];
    if (one.step === "earn") {
      const half = one.amount / 2n;
      return [
        draftOf(shop.bookId, [
          { account: at("channel_receivable"), debit: one.amount },
          { account: at("merchant_pending"), credit: one.amount },
          ...move(at("merchant_pending"), at("merchant_available"), half),
          ...move(at("merchant_pending"), at("receiver_available"), half / 2n),
        ]),
      ];
    }
    if (one.step === "repay") {
      const repay = [at("merchant_receivable"), at("merchant_available")] as const;
      const lines = [
        { account: at("channel_receivable"), debit: one.amount },
        { repay, credit: one.amount },
      ];
      return [draftOf(shop.bookId, lines, { kind: "payout_returned" })];
    }
    const draw = [
      { account: at("merchant_pending"), natural: { atLeast: BigInt(one.least) } },
      { account: at("merchant_available"), natural: "floor" as const },
      { account: at("receiver_available"), natural: { atLeast: BigInt(one.least) } },
      { account: at("merchant_receivable"), natural: { atMost: BigInt(one.credit) } },
    ];
    return [
      draftOf(
        shop.bookId,
        [
          { draw, debit: one.amount },
          { account: at("refund_clearing"), credit: one.amount },
        ],
        { kind: "refund_created" },
      ),
    ];
  }

  #journal(draft: JournalDraft): Journal {
    const lines = this.#naive.entries.filter((entry) => entry.journalId === draft.id);
    return { ...draft, entries: lines } as unknown as Journal;
  }

  #place(one: Extract<Step, { step: "place" }>): HoldCommand {
    const account = (this.#shops[one.book] as TestMerchant).account(one.code);
    const hold = { hold: "place" as const, id: newId(), account, amount: one.amount + 1n, sourceId: newId() };
    this.holds.push(hold);
    return hold;
  }

  /** Only holds of earlier calls that were really placed: ending another one is a mistake of the program. */
  #end(
    one: Extract<Step, { step: "release" | "capture" }>,
    known: number,
    drafts: JournalDraft[],
    holds: HoldCommand[],
  ): void {
    const placed = this.holds.slice(0, known).filter((hold) => this.#naive.holds.has(hold.id));
    const hold = placed[one.nth % Math.max(1, placed.length)];
    if (hold === undefined || holds.some((other) => other.id === hold.id)) return;
    if (one.step === "release") holds.push({ hold: "release", id: hold.id, account: hold.account });
    else {
      const shop = this.#shops.find((each) =>
        HOLDABLE.some((held) => each.account(held) === hold.account),
      ) as TestMerchant;
      const taken = draftOf(shop.bookId, move(hold.account, shop.account("refund_clearing"), one.amount));
      drafts.push(taken);
      holds.push({ hold: "capture", id: hold.id, account: hold.account, journalId: taken.id });
    }
  }
}

it("posts what the plain rules say: balances, floors, holds, draws, debts, repeats, reversals", async () => {
  const calls = fc.array(fc.array(step, { minLength: 1, maxLength: 12, size: "max" }), {
    minLength: 1,
    maxLength: 8,
    size: "max",
  });
  const books: Id[] = [];
  await fc.assert(
    fc.asyncProperty(calls, async (asked) => {
      const shops = [await openTestMerchant(cell, RAISED_FLOOR), await openTestMerchant(cell, RAISED_FLOOR)];
      const accounts = shops.flatMap((shop) =>
        CODES.map((name) => ({
          id: shop.account(name),
          growsOnDebit: CHART[name].side === "debit",
          floor: name === "receiver_available" ? RAISED_FLOOR : CHART[name].floor,
        })),
      );
      const naive = new NaiveBooks(accounts);
      const scribe = new Scribe(shops, naive);
      for (const steps of asked) {
        const { drafts, holds } = scribe.write(steps);
        const expected = naive.carryOut(drafts, holds);
        assert.deepEqual(await postNow(cell, cell, drafts, holds), expected);
      }
      for (const { id } of accounts) await assertSameAccount(naive, id);
      books.push(...shops.map((shop) => shop.bookId));
    }),
    { numRuns: 50 },
  );
  assert.deepEqual(await violationsOf(cell, books), []);
});

async function assertSameAccount(naive: NaiveBooks, id: Id): Promise<void> {
  const account = await accountView(cell.db, id);
  assert.equal(account?.balance, naive.signed(id));
  assert.equal(account?.held, naive.held(id));
  const expected = naive.entries.filter((entry) => entry.account === id);
  const statement = (await entries(cell.db, id, { before: null, limit: 10_000 })).toReversed();
  let balance = 0n;
  assert.deepEqual(
    statement.map(({ seq, amount: signed, balanceAfter, journalId }) => [
      seq,
      signed,
      balanceAfter,
      journalId,
    ]),
    expected.map(({ amount: signed, journalId }, index) => {
      balance += signed;
      return [BigInt(index + 1), signed, balance, journalId];
    }),
  );
}

it("finds the balance at any past moment, as a walk over all entries does", async () => {
  const shop = await openTestMerchant(cell);
  const [receivable, pending] = [shop.account("channel_receivable"), shop.account("merchant_pending")];
  const start = Date.UTC(2031, 4, 1);
  const gaps = fc.sample(fc.integer({ min: -3, max: 3 }), 200);
  let ms = 0;
  for (const gap of gaps) {
    ms += gap;
    const clock = { ...cell.clock, now: () => new Date(start + ms) };
    await postNow({ cell: 0, clock }, cell, [draftOf(shop.bookId, move(receivable, pending, 1n))]);
  }
  const statement = await entries(cell.db, pending, { before: null, limit: 1_000 });
  const last = statement[0]?.postedAt.getTime() as number;
  for (let at = start - 10; at <= last + 2; at += 1) {
    const walked = statement.find((entry) => entry.postedAt.getTime() <= at);
    const found = await balanceAt(cell.db, pending, new Date(at));
    assert.deepEqual(found, { balance: walked?.balanceAfter ?? 0n, seq: walked?.seq ?? 0n });
  }
});
