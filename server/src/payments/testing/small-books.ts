import assert from "node:assert/strict";
import type { Id } from "../../kernel/ids.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  CHART,
  type JournalDraft,
  type Line,
  memoTwin,
  naturalOf,
} from "../../ledger/index.ts";

export const CODES = [
  "channel_receivable",
  "merchant_pending",
  "merchant_available",
  "merchant_receivable",
  "refund_clearing",
  "suspense_surplus",
  "suspense_shortage",
  "fee_income",
  "partner_payable",
  "channel_cost",
  "channel_cost_payable",
] as const satisfies readonly AccountCode[];
export type Code = (typeof CODES)[number];

/** One merchant's book in memory: enough of a ledger to tell whether postings are right. */
export type SmallBooks = {
  /** What was posted, line by line, as people read it. */
  readonly lines: readonly string[];
  readonly journals: readonly JournalDraft[];
  /** Null: a draw fell short, and nothing was posted. Throws on anything that no ledger would take. */
  post(draft: JournalDraft): readonly (readonly bigint[])[] | null;
  /** Of the account or its memo twin, on its natural side. */
  natural(code: Code): bigint;
  /** Moves money in without a journal: what another payment or a settlement left. */
  give(code: Code, amount: bigint): void;
  /** The same books again, which go on by themselves. */
  fork(): SmallBooks;
};

/** @param memo money that never passes us: postings must use the twins. */
export function createSmallBooks(merchantId: Id, channelAccountId: Id, memo: boolean): SmallBooks {
  const book = bookIdOf("merchant", merchantId);
  const codes = new Map<Id, AccountCode>();
  const ids = new Map<Code, Id>();
  const balances = new Map<Id, bigint>();
  for (const plain of CODES) {
    const code = memo ? memoTwin(plain) : plain;
    const id = accountIdOf(book, code, "CNY", CHART[code].perChannelAccount ? channelAccountId : null);
    codes.set(id, code);
    ids.set(plain, id);
    balances.set(id, 0n);
  }
  return booksOf({ book, codes, ids }, { balances, posted: new Set(), lines: [], journals: [] });
}

type Plan = {
  readonly book: Id;
  readonly codes: ReadonlyMap<Id, AccountCode>;
  readonly ids: ReadonlyMap<Code, Id>;
};

/** Replaced by each journal and never changed, so that a fork may share it. */
type Held = {
  balances: ReadonlyMap<Id, bigint>;
  posted: ReadonlySet<string>;
  lines: readonly string[];
  journals: readonly JournalDraft[];
};

function booksOf(plan: Plan, held: Held): SmallBooks {
  const { book, codes, ids } = plan;
  const codeOf = (id: Id): AccountCode => {
    const code = codes.get(id);
    assert.ok(code !== undefined, `${id} is an account of another kind of money`);
    return code;
  };
  const balanceOf = (id: Id) => held.balances.get(id) ?? 0n;

  const draw = ({ draw: sources, debit }: Extract<Line, { draw: unknown }>) => {
    let short = debit;
    const parts = sources.map(({ account, natural }) => {
      const held = naturalOf(codeOf(account), balanceOf(account));
      const room =
        natural === "floor" ? held : "atLeast" in natural ? held - natural.atLeast : natural.atMost - held;
      // The middle one of the three lies between nothing and what is asked.
      const part = [0n, room, short].sort((a, b) => (a < b ? -1 : 1))[1] ?? 0n;
      short -= part;
      return { account, part };
    });
    return short > 0n ? null : parts;
  };

  return {
    get lines() {
      return held.lines;
    },
    get journals() {
      return held.journals;
    },
    post: (draft) => {
      const key = `${draft.kind}/${draft.sourceId}`;
      assert.ok(!held.posted.has(key), `${key} is posted twice`);
      assert.equal(draft.bookId, book);
      const moves: { account: Id; amount: bigint }[] = [];
      const drawn: bigint[][] = [];
      for (const line of draft.lines) {
        if ("draw" in line) {
          const parts = draw(line);
          if (parts === null) return null;
          drawn.push(parts.map(({ part }) => part));
          moves.push(...parts.map(({ account, part }) => ({ account, amount: part })));
        } else if ("repay" in line) {
          assert.ok(line.credit >= 0n, `${key} has a negative line`);
          const [debt, other] = line.repay;
          const owed = naturalOf(codeOf(debt), balanceOf(debt));
          const repaid = [0n, owed, line.credit].sort((a, b) => (a < b ? -1 : 1))[1] ?? 0n;
          moves.push({ account: debt, amount: -repaid }, { account: other, amount: repaid - line.credit });
        } else if ("debit" in line) {
          assert.ok(line.debit >= 0n, `${key} has a negative line`);
          moves.push({ account: line.account, amount: line.debit });
        } else {
          assert.ok(line.credit >= 0n, `${key} has a negative line`);
          moves.push({ account: line.account, amount: -line.credit });
        }
      }
      const sum = moves.reduce((total, { amount }) => total + amount, 0n);
      assert.equal(sum, 0n, `${key} does not balance`);
      held.posted = new Set(held.posted).add(key);
      held.journals = [...held.journals, draft];
      held.balances = added(held.balances, moves);
      const told = moves
        .filter((move) => move.amount !== 0n)
        .map(({ account, amount }) => {
          return amount > 0n ? `Dr ${codeOf(account)} ${amount}` : `Cr ${codeOf(account)} ${-amount}`;
        });
      held.lines = [...held.lines, ...told];
      return drawn;
    },
    natural: (plain) => {
      const id = ids.get(plain) as Id;
      return naturalOf(codeOf(id), balanceOf(id));
    },
    give: (plain, amount) => {
      const id = ids.get(plain) as Id;
      held.balances = added(held.balances, [
        { account: id, amount: CHART[codeOf(id)].side === "debit" ? amount : -amount },
      ]);
    },
    fork: () => booksOf(plan, { ...held }),
  };
}

function added(
  balances: ReadonlyMap<Id, bigint>,
  moves: readonly { readonly account: Id; readonly amount: bigint }[],
): Map<Id, bigint> {
  const sums = new Map(balances);
  for (const { account, amount } of moves) sums.set(account, (sums.get(account) ?? 0n) + amount);
  return sums;
}
