/** What people do about a break that moves no money: who looks after it, what they write, what they claim. */
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Platform } from "../../kernel/revision.ts";
import type { Actor, AuditEntry, Operators } from "../../operators/index.ts";
import type { AskAgain } from "../../payments/index.ts";
import { claimText, nextClaim } from "./claims.ts";
import type { Break, BreakEventKind, Claim } from "./model.ts";
import { claimOfBreak, findBreak } from "./reading.ts";
import { change } from "./resolve.ts";
import { insertEventOnce, writeClaim } from "./store-people.ts";

export type PeopleDeps = {
  readonly cell: Cell;
  readonly platform: Pick<Platform, "transact">;
  readonly operators: Pick<Operators, "audit" | "auditAlone" | "firstTime" | "find">;
  readonly askAgain: AskAgain;
};

export type ClaimWish = {
  readonly claimNo: string;
  /** Null: what is left of the break, or what was claimed before. */
  readonly amount: bigint | null;
  /** Null: all that is claimed. */
  readonly paidAmount: bigint | null;
  readonly evidence: string | null;
  readonly state: Claim["state"];
  readonly filedAt: Date | null;
  readonly note: string | null;
};

export type People = {
  /** Writes a comment; the same request again (by its Idempotency-Key) writes none. Throws `not_found`. */
  comment(actor: Actor, id: Id, text: string): Promise<void>;
  /** Null: nobody. Throws `not_found`, or `invalid_request` for an operator who does not exist. */
  own(actor: Actor, id: Id, ownerId: Id | null): Promise<Break>;
  /**
   * Notes a claim on the channel: filed, and then paid, whole or in part, or refused. Until it is booked,
   * one that is paid is corrected. Another is filed after one that was refused, and after one that was paid
   * and is booked. Throws `not_found`, `invalid_request` naming the field, or `conflict` for a break that has
   * nothing that a channel owes, and for one that has ended, of which a claim can only be refused.
   */
  claim(actor: Actor, id: Id, wish: ClaimWish): Promise<{ readonly about: Break; readonly claim: Claim }>;
  /**
   * Asks the channel about the order or refund once more, through the door; what the door made of it, null
   * where the break names neither. Throws `not_found`, `channel_unavailable`.
   */
  askAgain(actor: Actor, id: Id): Promise<string | null>;
};

export function createPeople(deps: PeopleDeps): People {
  const { cell, platform, operators } = deps;
  const found = async (id: Id) => {
    const about = await findBreak(cell.db, id);
    if (about === null) throw problem("not_found");
    return about;
  };
  const tell = (actor: Actor, about: Break, kind: BreakEventKind, detail: string, eventId = cell.newId()) =>
    cell.transact(
      (tx) =>
        insertEventOnce(tx, {
          id: eventId,
          breakId: about.id,
          at: cell.clock.now(),
          step: 1,
          kind,
          operatorId: actor.operator.id,
          reconciliationId: null,
          detail,
        }),
      { repeatable: true },
    );
  return {
    comment: async (actor, id, text) => {
      const about = await found(id);
      const eventId = await platform.transact(async (tx) => {
        const first = await operators.firstTime(tx, actor, cell.newId());
        await operators.audit(tx, actor, entryOf(about, "commented", null, { text }));
        return first;
      });
      await tell(actor, about, "comment", text, eventId);
    },
    own: async (actor, id, ownerId) => {
      const before = await found(id);
      const owner = ownerId === null ? null : await operators.find(ownerId);
      if (ownerId !== null && owner === null) {
        throw problem("invalid_request", { field: "owner", detail: "there is no such operator" });
      }
      let after = before;
      await change(deps, id, (work, present) => {
        after = work.keep({ ...present, ownerId });
        const detail = owner === null ? "nobody" : owner.name;
        work.tell(after, "owner", detail, { operatorId: actor.operator.id });
      });
      const wire = (owned: Id | null) => ({ owner: owned === null ? null : formatId("opr", owned) });
      await operators.auditAlone(actor, entryOf(before, "owned", wire(before.ownerId), wire(ownerId)));
      return after;
    },
    claim: async (actor, id, wish) => {
      let about = await found(id);
      let claim: Claim | null = null;
      await change(deps, id, async (work, present) => {
        const known = await claimOfBreak(work.tx, id);
        about = present;
        claim = nextClaim(present, known, wish, { at: work.now, by: actor.operator.id });
        await writeClaim(work.tx, claim);
        const detail = [claimText(claim, present), ...(claim.note === null ? [] : [claim.note])];
        work.tell(present, "claim", detail.join(": "), { operatorId: actor.operator.id });
      });
      const { claimNo, state, amount, paidAmount, evidence } = claim as unknown as Claim;
      const sums = { amount: Number(amount), paid_amount: Number(paidAmount) };
      const told = { claim_no: claimNo, state, ...sums, evidence };
      await operators.auditAlone(actor, entryOf(about, "claimed", null, told));
      return { about, claim: claim as unknown as Claim };
    },
    askAgain: async (actor, id) => {
      const { attemptId, refundId, ...rest } = await found(id);
      if (attemptId === null) return null;
      const decision = await deps.askAgain({ attemptId, refundId });
      await tell(actor, { attemptId, refundId, ...rest }, "asked_again", `the channel's answer: ${decision}`);
      return decision;
    },
  };
}

function entryOf(
  { id }: Break,
  what: string,
  before: AuditEntry["before"],
  after: AuditEntry["after"],
): AuditEntry {
  return { action: `break.${what}`, subject: formatId("brk", id), before, after };
}
