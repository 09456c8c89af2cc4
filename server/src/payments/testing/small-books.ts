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

const CODES = [
  "channel_receivable",
  "merchant_pending",
  "merchant_available",
  "merchant_receivable",
  "refund_clearing",
  "suspense_surplus",
  "suspense_shortage",
  "fee_income",
  "channel_cost",
  "channel_cost_payable",
] as const satisfies readonly AccountCode[];
export type Code = (typeof CODES)[number];

/** One merchant's book in memory: enough of a ledger to tell whether postings are right. */
export type SmallBooks = {
  /** What was posted, line by line, as people read it. */
  readonly lines: string[];
  readonly journals: JournalDraft[];
  /** Null: a draw fell short, and nothing was posted. Throws on anything that no ledger would take. */
  post(draft: JournalDraft): readonly (readonly bigint[])[] | null;
  /** Of the account or its memo twin, on its natural side. */
  natural(code: Code): bigint;
  /** Moves money in without a journal: what another payment or a settlement left. */
  give(code: Code, amount: bigint): void;
};

/** @param memo money that never passes us: postings must use the twins. */
export function createSmallBooks(merchantId: Id, channelAccountId: Id, memo: boolean): SmallBooks {
  const book = bookIdOf("merchant", merchantId);
  const codes = new Map<Id, AccountCode>();
  const ids = new Map<Code, Id>();
  const balances = new Map<Id, bigint>();
  const posted = new Set<string>();
  for (const plain of CODES) {
    const code = memo ? memoTwin(plain) : plain;
    const id = accountIdOf(book, code, "CNY", CHART[code].perChannelAccount ? channelAccountId : null);
    codes.set(id, code);
    ids.set(plain, id);
    balances.set(id, 0n);
  }
  const codeOf = (id: Id): AccountCode => {
    const code = codes.get(id);
    assert.ok(code !== undefined, `${id} is an account of another kind of money`);
    return code;
  };
  const balanceOf = (id: Id) => balances.get(id) ?? 0n;
  const lines: string[] = [];
  const journals: JournalDraft[] = [];

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
    lines,
    journals,
    post: (draft) => {
      const key = `${draft.kind}/${draft.sourceId}`;
      assert.ok(!posted.has(key), `${key} is posted twice`);
      assert.equal(draft.bookId, book);
      const moves: { account: Id; amount: bigint }[] = [];
      const drawn: bigint[][] = [];
      for (const line of draft.lines) {
        if ("draw" in line) {
          const parts = draw(line);
          if (parts === null) return null;
          drawn.push(parts.map(({ part }) => part));
          moves.push(...parts.map(({ account, part }) => ({ account, amount: part })));
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
      posted.add(key);
      journals.push(draft);
      for (const { account, amount } of moves.filter((move) => move.amount !== 0n)) {
        const size = amount > 0n ? amount : -amount;
        balances.set(account, balanceOf(account) + amount);
        lines.push(`${amount > 0n ? "Dr" : "Cr"} ${codeOf(account)} ${size}`);
      }
      return drawn;
    },
    natural: (plain) => {
      const id = ids.get(plain) as Id;
      return naturalOf(codeOf(id), balanceOf(id));
    },
    give: (plain, amount) => {
      const id = ids.get(plain) as Id;
      balances.set(id, balanceOf(id) + (CHART[codeOf(id)].side === "debit" ? amount : -amount));
    },
  };
}
