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
import type { ChannelAccount } from "./model.ts";
import * as store from "./store.ts";

/** What lets a contract at a real channel take its first order. */
export type GoingLive = {
  /** Money went through it and came back, and the channel's bill lists both. Safe to repeat. */
  verified(id: Id, at: Date): Promise<void>;
  /**
   * Asks a second person to let the account take orders without having shown that. Throws `not_found`,
   * `conflict` where nothing is required.
   */
  proposeWaiver(actor: Actor, id: Id, reason: string): Promise<Approval>;
  /** Carries out an approved waiver. */
  readonly action: ApprovalAction;
};

const KIND = "channel_account.waive_verification";

export function createGoingLive(room: {
  readonly platform: Platform;
  readonly operators: Operators;
  readonly changed: (account: ChannelAccount) => void;
}): GoingLive {
  const write = async (id: Id, verification: "waived" | "verified", verifiedAt: Date | null) => {
    const written = await room.platform.transact(async (tx) => {
      const before = await store.lockAccount(tx, id);
      if (before === null) return null;
      if (verification === "waived" && before.verification !== "required") return before;
      const after = { ...before, verification, verifiedAt };
      await store.updateAccount(tx, after);
      return after;
    });
    if (written !== null) room.changed(written);
    return written;
  };
  return {
    verified: async (id, at) => {
      await write(id, "verified", at);
    },
    proposeWaiver: async (actor, id, reason) => {
      const account = await store.findAccount(room.platform.db, id);
      if (account === null) throw problem("not_found");
      if (account.verification !== "required") {
        throw problem("conflict", { detail: `the account is ${account.verification}; enable it` });
      }
      const subject = formatId("cha", id);
      return room.operators.propose(actor, { kind: KIND, subject, payload: {}, reason });
    },
    action: {
      kind: KIND,
      permission: "channel_accounts.approve",
      carryOut: async (approval) => {
        const written = await write(readIdField("cha", approval.subject, "subject"), "waived", null);
        return written === null ? { refused: "the account does not exist" } : { done: true };
      },
    },
  };
}
