/** The accounts under decision: what one draft does to them, and how it is undone when it is refused. */
import type { Id } from "../kernel/ids.ts";
import { CHART, naturalOf } from "./chart.ts";
import { broken, isEmpty, sourceKey } from "./draft.ts";
import type { Account, Day, DrawSource, JournalDraft, PostResult, Refusal } from "./model.ts";

/** The part of an account that posting reads, and changes in its own copy. */
export type AccountState = Pick<Account, "id" | "bookId" | "code" | "currency" | "floor"> & {
  balance: bigint;
  held: bigint;
  lastSeq: bigint;
  lastPostedAt: Date | null;
};

export type NewEntry = {
  readonly accountId: Id;
  readonly seq: bigint;
  readonly journalId: Id;
  readonly amount: bigint;
  readonly balanceAfter: bigint;
  readonly postedAt: Date;
};

export type NewJournal = {
  readonly draft: JournalDraft;
  readonly postedAt: Date;
  readonly accountingDate: string;
  readonly entries: readonly NewEntry[];
};

/** What is booked already of what the drafts name. */
export type KnownBooks = {
  readonly accounts: readonly AccountState[];
  /** Journal ids by `sourceKey`. */
  readonly posted: ReadonlyMap<string, Id>;
  /** Ids of reversals by the journal they took back. */
  readonly reversed: ReadonlyMap<Id, Id>;
};

/** The accounts of one decision, changed in place, with the journals known so far. */
export class Books {
  readonly #accounts: Map<Id, AccountState>;
  readonly #posted: Map<string, Id>;
  readonly #reversed: Map<Id, Id>;
  readonly #changed = new Set<AccountState>();

  constructor(known: KnownBooks) {
    this.#accounts = new Map(known.accounts.map((account) => [account.id, { ...account }]));
    this.#posted = new Map(known.posted);
    this.#reversed = new Map(known.reversed);
  }

  account(id: Id): AccountState {
    const found = this.#accounts.get(id);
    if (found === undefined) throw new Error(`the account ${id} does not exist: it is opened before posting`);
    return found;
  }

  hold(account: AccountState, change: bigint): void {
    account.held += change;
    this.#changed.add(account);
  }

  changed(): AccountState[] {
    return [...this.#changed];
  }

  post(draft: JournalDraft, day: Day, postedAt: Date, into: NewJournal[]): PostResult {
    const before = this.#posted.get(sourceKey(draft)) ?? this.#reversed.get(draft.reversalOf ?? "");
    if (before !== undefined) return { result: "duplicate", journalId: before };
    const posting = new Posting(draft, this);
    const refusal = posting.carryOut() ?? posting.belowFloor();
    if (refusal !== null) {
      posting.undo();
      return refusal;
    }
    if (!isEmpty(draft)) {
      into.push(posting.finish(day, postedAt));
      for (const account of posting.touched) this.#changed.add(account);
      this.#posted.set(sourceKey(draft), draft.id);
      if (draft.reversalOf != null) this.#reversed.set(draft.reversalOf, draft.id);
    }
    return { result: "posted", journalId: draft.id, drawn: posting.drawn };
  }
}

/** One draft on its way into the books. */
class Posting {
  readonly drawn: bigint[][] = [];
  /** The accounts with an entry of this draft, and their balances before it. */
  readonly #balancesBefore = new Map<AccountState, bigint>();
  readonly #steps: { account: AccountState; amount: bigint; balanceAfter: bigint; seq: bigint }[] = [];
  readonly #draft: JournalDraft;
  readonly #books: Books;

  constructor(draft: JournalDraft, books: Books) {
    this.#draft = draft;
    this.#books = books;
  }

  get touched(): Iterable<AccountState> {
    return this.#balancesBefore.keys();
  }

  carryOut(): Refusal | null {
    for (const line of this.#draft.lines) {
      if ("draw" in line) {
        const refusal = this.#draw(line.draw, line.debit);
        if (refusal !== null) return refusal;
      } else if ("repay" in line) this.#repay(line.repay, line.credit);
      else if ("debit" in line) this.#add(this.#own(line.account), line.debit);
      else this.#add(this.#own(line.account), -line.credit);
    }
    this.#checkKept();
    return null;
  }

  /**
   * Money coming in is always booked; a journal that takes from an account must leave its floor and its
   * holds.
   */
  belowFloor(): Refusal | null {
    for (const [account, before] of this.#balancesBefore) {
      if (account.floor === null) continue;
      const natural = naturalOf(account.code, account.balance);
      const short = account.floor + account.held - natural;
      if (short > 0n && natural < naturalOf(account.code, before)) return insufficient(account.id, short);
    }
    return null;
  }

  undo(): void {
    for (const { account, amount } of this.#steps.toReversed()) {
      account.balance -= amount;
      account.lastSeq -= 1n;
    }
  }

  /** One instant for the whole journal, no earlier than the last of any of its accounts. */
  finish(day: Day, postedAt: Date): NewJournal {
    let at = postedAt;
    for (const { lastPostedAt } of this.touched) {
      if (lastPostedAt !== null && lastPostedAt > at) at = lastPostedAt;
    }
    for (const account of this.touched) account.lastPostedAt = at;
    const journalId = this.#draft.id;
    const entries = this.#steps.map(({ account, ...step }) => ({
      accountId: account.id,
      journalId,
      postedAt: at,
      ...step,
    }));
    return { draft: this.#draft, postedAt: at, accountingDate: day.accountingDate, entries };
  }

  #draw(sources: readonly DrawSource[], debit: bigint): Refusal | null {
    const given = sources.map(() => 0n);
    let rest = debit;
    sources.forEach((source, index) => {
      const account = this.#own(source.account);
      const covered = coveredBy(account, source, this.#draft);
      const amount = covered === null || covered > rest ? rest : covered;
      if (amount === 0n) return;
      this.#add(account, amount);
      given[index] = amount;
      rest -= amount;
    });
    this.drawn.push(given);
    return rest === 0n ? null : insufficient((sources.at(-1) as DrawSource).account, rest);
  }

  #repay([debt, other]: readonly [Id, Id], credit: bigint): void {
    const account = this.#own(debt);
    if (CHART[account.code].side !== "debit") broken(this.#draft, `repays ${account.code}, which is no debt`);
    const owed = positive(naturalOf(account.code, account.balance));
    const repaid = owed < credit ? owed : credit;
    if (repaid > 0n) this.#add(account, -repaid);
    if (credit > repaid) this.#add(this.#own(other), repaid - credit);
  }

  #add(account: AccountState, amount: bigint): void {
    if (!this.#balancesBefore.has(account)) this.#balancesBefore.set(account, account.balance);
    account.balance += amount;
    account.lastSeq += 1n;
    this.#steps.push({ account, amount, balanceAfter: account.balance, seq: account.lastSeq });
  }

  #own(id: Id): AccountState {
    const account = this.#books.account(id);
    if (account.bookId !== this.#draft.bookId) broken(this.#draft, `names the account ${id} of another book`);
    if (account.currency !== this.#draft.currency) {
      broken(this.#draft, `names the account ${id}, which is in ${account.currency}`);
    }
    return account;
  }

  /** Real money and memoranda each balance by themselves. */
  #checkKept(): void {
    let memo: boolean | null = null;
    for (const { code } of this.touched) {
      const isMemo = CHART[code].class === "memorandum";
      if (memo !== null && memo !== isMemo) broken(this.#draft, "mixes memo accounts with real ones");
      memo = isMemo;
    }
  }
}

/** How much one source of a draw can give now; null: whatever is asked. */
function coveredBy(
  account: AccountState,
  { natural: limit }: DrawSource,
  draft: JournalDraft,
): bigint | null {
  const natural = naturalOf(account.code, account.balance);
  const grows = CHART[account.code].side === "debit";
  if (typeof limit === "object" && "atMost" in limit) {
    if (!grows) broken(draft, `draws ${account.code} up to a balance, but a debit lowers it`);
    return positive(limit.atMost - natural);
  }
  if (grows) broken(draft, `draws ${account.code} down to a balance, but a debit raises it`);
  const atLeast = limit === "floor" ? account.floor : limit.atLeast;
  if (atLeast === null) return null;
  const least = account.floor !== null && account.floor > atLeast ? account.floor : atLeast;
  return positive(natural - account.held - least);
}

function positive(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}

export function insufficient(account: Id, short: bigint): Refusal {
  return { result: "refused", code: "insufficient_balance", account, short };
}
