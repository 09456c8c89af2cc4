/**
 * The rules of posting, told a second time and as plainly as possible: every balance is summed from all
 * entries each time. The property test compares the ledger with this.
 */
import type { Id } from "../../kernel/ids.ts";
import type { HoldCommand, HoldResult, JournalDraft, PostResult } from "../model.ts";

export type NaiveAccount = { readonly id: Id; readonly growsOnDebit: boolean; readonly floor: bigint | null };
type NaiveEntry = { readonly account: Id; readonly amount: bigint; readonly journalId: Id };
type NaiveHold = {
  readonly account: Id;
  readonly amount: bigint;
  state: "placed" | "released" | "captured";
};

export class NaiveBooks {
  entries: NaiveEntry[] = [];
  readonly holds = new Map<Id, NaiveHold>();
  readonly journals: JournalDraft[] = [];
  readonly #accounts: Map<Id, NaiveAccount>;

  constructor(accounts: readonly NaiveAccount[]) {
    this.#accounts = new Map(accounts.map((account) => [account.id, account]));
  }

  signed(account: Id): bigint {
    return this.entries.reduce((sum, entry) => (entry.account === account ? sum + entry.amount : sum), 0n);
  }

  natural(account: Id): bigint {
    return this.#account(account).growsOnDebit ? this.signed(account) : -this.signed(account);
  }

  held(account: Id): bigint {
    let sum = 0n;
    for (const hold of this.holds.values()) {
      if (hold.account === account && hold.state === "placed") sum += hold.amount;
    }
    return sum;
  }

  carryOut(drafts: readonly JournalDraft[], commands: readonly HoldCommand[]) {
    const holds: HoldResult[] = [];
    commands.forEach((command, index) => {
      if (command.hold === "place") holds[index] = this.#place(command);
      if (command.hold === "release") holds[index] = this.#end(command.id, "released");
    });
    const journals = drafts.map((draft) => {
      const index = commands.findIndex((one) => one.hold === "capture" && one.journalId === draft.id);
      const hold = index < 0 ? undefined : this.holds.get(commands[index]?.id as Id);
      const wasPlaced = hold?.state === "placed";
      if (index >= 0) holds[index] = this.#end(commands[index]?.id as Id, "captured");
      const result = this.#post(draft);
      if (result.result === "refused" && hold !== undefined && wasPlaced) {
        hold.state = "placed";
        holds[index] = result;
      }
      return result;
    });
    return { journals, holds };
  }

  #account(id: Id): NaiveAccount {
    return this.#accounts.get(id) as NaiveAccount;
  }

  #place(command: Extract<HoldCommand, { hold: "place" }>): HoldResult {
    if (this.holds.has(command.id)) return { result: "duplicate" };
    const { account, amount } = command;
    const free = this.natural(account) - this.held(account) - (this.#account(account).floor ?? 0n);
    if (free < amount)
      return { result: "refused", code: "insufficient_balance", account, short: amount - free };
    this.holds.set(command.id, { account, amount, state: "placed" });
    return { result: "done" };
  }

  #end(id: Id, ending: "released" | "captured"): HoldResult {
    const hold = this.holds.get(id) as NaiveHold;
    if (hold.state === ending) return { result: "duplicate" };
    if (hold.state !== "placed") return { result: "refused", code: "hold_ended", state: hold.state };
    hold.state = ending;
    return { result: "done" };
  }

  #post(draft: JournalDraft): PostResult {
    const same = this.journals.find(
      (one) =>
        (one.sourceId === draft.sourceId && one.kind === draft.kind && one.bookId === draft.bookId) ||
        (draft.reversalOf != null && one.reversalOf === draft.reversalOf),
    );
    if (same !== undefined) return { result: "duplicate", journalId: same.id };
    const before = this.entries;
    const naturalBefore = new Map([...this.#accounts.keys()].map((id) => [id, this.natural(id)]));
    const drawn: bigint[][] = [];
    const add = (account: Id, amount: bigint) => {
      if (amount !== 0n) this.entries = [...this.entries, { account, amount, journalId: draft.id }];
    };
    const refuse = (account: Id, short: bigint): PostResult => {
      this.entries = before;
      return { result: "refused", code: "insufficient_balance", account, short };
    };
    for (const line of draft.lines) {
      if ("repay" in line) {
        const [debt, other] = line.repay;
        const owed = this.natural(debt) > 0n ? this.natural(debt) : 0n;
        const repaid = owed < line.credit ? owed : line.credit;
        add(debt, -repaid);
        add(other, repaid - line.credit);
      } else if ("credit" in line) add(line.account, -line.credit);
      else if ("account" in line) add(line.account, line.debit);
      else {
        let rest = line.debit;
        const given = line.draw.map(({ account, natural: limit }) => {
          const covered = this.#cover(account, limit, rest);
          add(account, covered);
          rest -= covered;
          return covered;
        });
        drawn.push(given);
        if (rest > 0n) return refuse(line.draw.at(-1)?.account as Id, rest);
      }
    }
    // In the order in which the journal first touched them: the first account that fell short is named.
    for (const account of new Set(this.entries.slice(before.length).map((entry) => entry.account))) {
      const { floor } = this.#account(account);
      if (floor === null || this.natural(account) >= (naturalBefore.get(account) as bigint)) continue;
      const short = floor + this.held(account) - this.natural(account);
      if (short > 0n) return refuse(account, short);
    }
    if (this.entries.length > before.length) this.journals.push(draft);
    return { result: "posted", journalId: draft.id, drawn };
  }

  #cover(account: Id, limit: "floor" | { atLeast: bigint } | { atMost: bigint }, asked: bigint): bigint {
    const { floor } = this.#account(account);
    const free = () => this.natural(account) - this.held(account);
    const bounds = [asked];
    if (limit === "floor") bounds.push(...(floor === null ? [] : [free() - floor]));
    else if ("atMost" in limit) bounds.push(limit.atMost - this.natural(account));
    else bounds.push(free() - limit.atLeast, ...(floor === null ? [] : [free() - floor]));
    const least = bounds.toSorted((a, b) => (a < b ? -1 : 1))[0] as bigint;
    return least > 0n ? least : 0n;
  }
}
