/** The pure heart of posting: accounts as locked, and drafts in order, become journals, entries and new balances. */
import type { Id } from "../kernel/ids.ts";
import { CHART, naturalOf } from "./chart.ts";
import { broken, isEmpty, sourceKey } from "./draft.ts";
import type {
  Account,
  Day,
  DrawSource,
  HoldCommand,
  HoldResult,
  HoldState,
  JournalDraft,
  PostResult,
  Refusal,
} from "./model.ts";

/** The part of an account that posting reads, and changes in its own copy. */
export type AccountState = Pick<Account, "id" | "bookId" | "code" | "currency" | "floor"> & {
  balance: bigint;
  held: bigint;
  lastSeq: bigint;
  lastPostedAt: Date | null;
};

export type Hold = {
  readonly id: Id;
  readonly accountId: Id;
  readonly amount: bigint;
  readonly state: HoldState;
};

/** What the books hold already of what the drafts name: read under the locks of the accounts. */
export type Known = {
  readonly accounts: readonly AccountState[];
  /** Journal ids by `sourceKey`. */
  readonly posted: ReadonlyMap<string, Id>;
  /** Ids of reversals by the journal they took back. */
  readonly reversed: ReadonlyMap<Id, Id>;
  readonly holds: readonly Hold[];
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

export type EndedHold = {
  readonly id: Id;
  readonly state: "released" | "captured";
  readonly journalId: Id | null;
};

export type Decision = {
  readonly journals: PostResult[];
  readonly holds: HoldResult[];
  readonly newJournals: readonly NewJournal[];
  readonly newHolds: readonly Extract<HoldCommand, { hold: "place" }>[];
  readonly endedHolds: readonly EndedHold[];
  readonly changedAccounts: readonly AccountState[];
};

/**
 * Decides releases and placings of holds first, in their order, then the drafts in theirs (a capture with its draft); each
 * sees the effects of those before it. A refusal skips its own item only.
 */
export function decide(
  known: Known,
  day: Day,
  postedAt: Date,
  drafts: readonly JournalDraft[],
  holdCommands: readonly HoldCommand[],
): Decision {
  const books = new Books(known);
  const holds = new Holds(known.holds, books);
  const early = holdCommands.map((command) => (command.hold === "capture" ? null : holds.carryOut(command)));
  const captures = Map.groupBy(
    holdCommands.filter((command) => command.hold === "capture"),
    (command) => command.journalId,
  );
  const captured = new Map<HoldCommand, HoldResult>();
  const newJournals: NewJournal[] = [];
  const journals = drafts.map((draft) => {
    const own = captures.get(draft.id) ?? [];
    const lifted = own.map((command) => holds.lift(command));
    const result = books.post(draft, day, postedAt, newJournals);
    own.forEach((command, index) => {
      captured.set(command, holds.settle(lifted[index] as Lifted, draft.id, result));
    });
    return result;
  });
  return {
    journals,
    holds: holdCommands.map((command, index) => early[index] ?? captured.get(command) ?? unclaimed(command)),
    newJournals,
    newHolds: holds.placed,
    endedHolds: holds.ended,
    changedAccounts: books.changed(),
  };
}

function unclaimed(command: HoldCommand): never {
  throw new Error(`the hold ${command.id} is to be captured by a journal that is not in the same call`);
}

/** The accounts of one decision, changed in place, with the journals known so far. */
class Books {
  readonly #accounts: Map<Id, AccountState>;
  readonly #posted: Map<string, Id>;
  readonly #reversed: Map<Id, Id>;
  readonly #changed = new Set<AccountState>();

  constructor(known: Known) {
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
      } else if ("debit" in line) this.#add(this.#own(line.account), line.debit);
      else this.#add(this.#own(line.account), -line.credit);
    }
    this.#checkKept();
    return null;
  }

  /** Money coming in is always booked; a journal that takes from an account must leave its floor and its holds. */
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

function insufficient(account: Id, short: bigint): Refusal {
  return { result: "refused", code: "insufficient_balance", account, short };
}

type HoldEntry = { accountId: Id; amount: bigint; state: HoldState };

type Lifted =
  | { readonly result: HoldResult }
  | { readonly id: Id; readonly entry: HoldEntry; readonly account: AccountState };

/** The holds of one decision. */
class Holds {
  readonly placed: Extract<HoldCommand, { hold: "place" }>[] = [];
  readonly ended: EndedHold[] = [];
  readonly #holds: Map<Id, HoldEntry>;
  readonly #books: Books;

  constructor(known: readonly Hold[], books: Books) {
    this.#holds = new Map(known.map(({ id, ...hold }) => [id, { ...hold }]));
    this.#books = books;
  }

  carryOut(command: Exclude<HoldCommand, { hold: "capture" }>): HoldResult {
    if (command.hold === "place") return this.#place(command);
    const lifted = this.lift(command);
    if ("result" in lifted) return lifted.result;
    lifted.entry.state = "released";
    this.ended.push({ id: command.id, state: "released", journalId: null });
    return { result: "done" };
  }

  /** Frees the held money, for now: `settle` says whether for good. */
  lift(command: Exclude<HoldCommand, { hold: "place" }>): Lifted {
    const entry = this.#of(command);
    if (entry === null) throw new Error(`the hold ${command.id} does not exist`);
    const ending = command.hold === "capture" ? "captured" : "released";
    if (entry.state === ending) return { result: { result: "duplicate" } };
    if (entry.state !== "placed") {
      return { result: { result: "refused", code: "hold_ended", state: entry.state } };
    }
    const account = this.#books.account(command.account);
    this.#books.hold(account, -entry.amount);
    return { id: command.id, entry, account };
  }

  settle(lifted: Lifted, journalId: Id, posted: PostResult): HoldResult {
    if ("result" in lifted) return lifted.result;
    if (posted.result === "refused") {
      this.#books.hold(lifted.account, lifted.entry.amount);
      return posted;
    }
    lifted.entry.state = "captured";
    this.ended.push({ id: lifted.id, state: "captured", journalId });
    return { result: "done" };
  }

  #place(command: Extract<HoldCommand, { hold: "place" }>): HoldResult {
    const known = this.#of(command);
    if (known !== null) {
      if (known.amount !== command.amount) {
        throw new Error(`the hold ${command.id} was placed with another amount`);
      }
      return { result: "duplicate" };
    }
    if (command.amount <= 0n) throw new Error(`the hold ${command.id} is of ${command.amount}`);
    const account = this.#books.account(command.account);
    if (CHART[account.code].side === "debit") {
      throw new Error(`the hold ${command.id} is on ${account.code}, which a debit raises`);
    }
    const free = naturalOf(account.code, account.balance) - account.held - (account.floor ?? 0n);
    if (free < command.amount) return insufficient(account.id, command.amount - free);
    this.#books.hold(account, command.amount);
    this.#holds.set(command.id, { accountId: account.id, amount: command.amount, state: "placed" });
    this.placed.push(command);
    return { result: "done" };
  }

  #of(command: HoldCommand): HoldEntry | null {
    const entry = this.#holds.get(command.id);
    if (entry === undefined) return null;
    if (entry.accountId !== command.account) {
      throw new Error(`the hold ${command.id} is on the account ${entry.accountId}, not ${command.account}`);
    }
    return entry;
  }
}
