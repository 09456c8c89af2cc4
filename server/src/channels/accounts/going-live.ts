import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Platform } from "../../kernel/revision.ts";
import {
  type Actor,
  type Approval,
  type ApprovalAction,
  type Operators,
  readIdField,
} from "../../operators/index.ts";
import type { Another, ChannelAccount } from "./model.ts";
import * as store from "./store.ts";

/** What lets a contract at a real channel take its first order. */
export type GoingLive = {
  /**
   * Money went through it and came back, and the channel's bill lists both. Safe to repeat. False, and
   * nothing is written: the account is no longer the one that was tried. @param counterpartRevision the
   * account's when the trial began; null: it was not remembered, so it is another
   */
  verified(id: Id, at: Date, counterpartRevision: number | null): Promise<boolean>;
  /**
   * Asks a second person to let the account take orders without having shown that. Throws `not_found`,
   * `conflict` where nothing is required.
   */
  proposeWaiver(actor: Actor, id: Id, reason: string): Promise<Approval>;
  /** Carries out an approved waiver. */
  readonly action: ApprovalAction;
};

const KIND = "channel_account.waive_verification";

/**
 * The account with another counterpart, which nobody has tried out: in production it must be again. Throws
 * `conflict` for an account that takes orders there, naming the field and what to do. Null: as it is.
 */
export function withCounterpart(
  account: ChannelAccount,
  production: boolean,
  another: Another | null,
): ChannelAccount {
  if (another === null) return account;
  const after = { ...account, counterpartRevision: account.counterpartRevision + 1 };
  if (!production) return after;
  refuseCounterpart(account, production, another);
  return { ...after, verification: "required", verifiedAt: null };
}

/** Orders would go where none was ever tried. Throws as `withCounterpart`. */
export function refuseCounterpart(
  account: ChannelAccount,
  production: boolean,
  another: Another | null,
): void {
  if (another === null || !production || account.status !== "active") return;
  throw problem("conflict", {
    field: another.field,
    detail:
      `${another.detail}, and an account that takes orders must have been tried out with it; ` +
      "disable the account first and verify it again, or create another channel account",
  });
}

export function createGoingLive(room: {
  readonly platform: Platform;
  readonly operators: Operators;
  readonly changed: (account: ChannelAccount) => void;
}): GoingLive {
  /** Under the account's lock; null: it is not there, or `decide` leaves it as it is. */
  const write = async (id: Id, decide: (before: ChannelAccount) => ChannelAccount | null) => {
    const written = await room.platform.transact(async (tx) => {
      const before = await store.lockAccount(tx, id);
      const after = before === null ? null : decide(before);
      if (after !== null) await store.updateAccount(tx, after);
      return after;
    });
    if (written !== null) room.changed(written);
    return written;
  };
  return {
    verified: async (id, at, counterpartRevision) => {
      const written = await write(id, (before) =>
        before.counterpartRevision === counterpartRevision
          ? { ...before, verification: "verified", verifiedAt: at }
          : null,
      );
      return written !== null;
    },
    proposeWaiver: async (actor, id, reason) => {
      const account = await store.findAccount(room.platform.db, id);
      if (account === null) throw problem("not_found");
      if (account.verification !== "required") {
        throw problem("conflict", { detail: `the account is ${account.verification}; enable it` });
      }
      const subject = formatId("cha", id);
      const payload = { counterpart_revision: account.counterpartRevision };
      return room.operators.propose(actor, { kind: KIND, subject, payload, reason });
    },
    action: {
      kind: KIND,
      permission: "channel_accounts.approve",
      carryOut: async (approval) => {
        const proposedFor = approval.payload.counterpart_revision;
        let refused = "the account does not exist";
        const id = readIdField("cha", approval.subject, "subject");
        const written = await write(id, (before) => {
          if (before.counterpartRevision === proposedFor) {
            return before.verification === "required" ? { ...before, verification: "waived" } : before;
          }
          refused = "its gateway or merchant was changed after this was proposed; propose it again";
          return null;
        });
        return written === null ? { refused } : { done: true };
      },
    },
  };
}
