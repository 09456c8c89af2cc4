/** The holds under decision: placing, releasing, and capturing together with a journal. */
import type { Id } from "../kernel/ids.ts";
import { type AccountState, type Books, insufficient } from "./books.ts";
import { CHART, naturalOf } from "./chart.ts";
import type { HoldCommand, HoldResult, HoldState, PostResult } from "./model.ts";

export type Hold = {
  readonly id: Id;
  readonly accountId: Id;
  readonly amount: bigint;
  readonly state: HoldState;
};

export type EndedHold = {
  readonly id: Id;
  readonly state: "released" | "captured";
  readonly journalId: Id | null;
};

type HoldEntry = { accountId: Id; amount: bigint; state: HoldState };

export type Lifted =
  | { readonly result: HoldResult }
  | { readonly id: Id; readonly entry: HoldEntry; readonly account: AccountState };

/** The holds of one decision. */
export class Holds {
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
