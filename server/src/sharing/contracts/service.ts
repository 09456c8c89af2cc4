/** What contracts with channels say of splitting: proposed by one operator, approved by another. */
import type { ChannelAccount, Channels } from "../../channels/index.ts";
import { createCache } from "../../kernel/cache.ts";
import type { Clock } from "../../kernel/clock.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { Platform } from "../../kernel/revision.ts";
import type { Actor, Approval, ApprovalAction, Operators } from "../../operators/index.ts";
import type { SharingContract, SharingMode } from "../model.ts";
import { findContract, writeContract } from "./store.ts";

export type ContractsDeps = {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly channels: Pick<Channels, "account" | "channel">;
  readonly operators: Pick<Operators, "propose">;
  /** Whether we are licensed to hold receivers' money: without, nothing is split in our books. */
  readonly mayHoldShares: boolean;
};

export type WantedContract = {
  readonly mode: SharingMode;
  /** Null: the channel's usual one. */
  readonly maxMillionths: bigint | null;
  readonly termDays: number | null;
  readonly isOpen: boolean;
};

export type Contracts = {
  /** The contract as it was at most a second ago; null: the account splits nothing. */
  of(channelAccountId: Id): Promise<SharingContract | null>;
  /**
   * Proposes what the account's contract says. Throws `not_found`, `invalid_request` naming the field,
   * `sharing_not_available` (the channel cannot), `sharing_not_licensed`, `conflict` (another mode).
   */
  propose(
    actor: Actor,
    channelAccountId: Id,
    wanted: WantedContract,
    reason: string | null,
  ): Promise<Approval>;
  readonly action: ApprovalAction;
};

const KIND = "sharing_contract.set";
const MILLION = 1_000_000n;
/** What a contract in our own books says unless told: nobody else limits it. */
const BOOKS = { maxMillionths: MILLION, termDays: 30 };

export function createContracts(deps: ContractsDeps): Contracts {
  const { clock, platform } = deps;
  const cache = createCache({
    clock,
    revision: platform.revision,
    load: (id) => findContract(platform.db, id),
  });
  return {
    of: (id) => cache.get(id),
    propose: async (actor, channelAccountId, wanted, reason) => {
      const account = await deps.channels.account(channelAccountId);
      if (account === null) throw problem("not_found");
      const { maxMillionths, termDays } = limitsOf(deps, account, wanted);
      const present = await findContract(platform.db, channelAccountId);
      if (present !== null && present.mode !== wanted.mode) throw problem("conflict", { detail: FIXED_MODE });
      return deps.operators.propose(actor, {
        kind: KIND,
        subject: formatId("cha", channelAccountId),
        payload: {
          mode: wanted.mode,
          max_millionths: Number(maxMillionths),
          term_days: termDays,
          is_open: wanted.isOpen,
        },
        reason,
      });
    },
    action: {
      kind: KIND,
      permission: "sharing.approve",
      carryOut: async (approval) => {
        const outcome = await carryOut(deps, approval);
        const id = parseId("cha", approval.subject);
        if (id !== null) cache.forget(id);
        return outcome;
      },
    },
  };
}

const FIXED_MODE =
  "orders were placed by the present mode, which never changes; open another channel account";

function limitsOf(deps: ContractsDeps, account: ChannelAccount, wanted: WantedContract) {
  if (wanted.mode === "books") {
    if (account.fundFlow !== "through_platform") {
      throw problem("invalid_request", {
        field: "mode",
        detail: "money that does not pass us cannot be split in our books",
      });
    }
    if (!deps.mayHoldShares) throw problem("sharing_not_licensed", { field: "mode" });
    return given(wanted, BOOKS);
  }
  const sharing = deps.channels.channel(account.channel)?.sharing;
  if (sharing === undefined) {
    throw problem("sharing_not_available", { field: "mode", detail: `${account.channel} splits nothing` });
  }
  return given(wanted, sharing.traits);
}

function given(wanted: WantedContract, usual: { readonly maxMillionths: bigint; readonly termDays: number }) {
  return {
    maxMillionths: wanted.maxMillionths ?? usual.maxMillionths,
    termDays: wanted.termDays ?? usual.termDays,
  };
}

async function carryOut(
  deps: ContractsDeps,
  { subject, payload }: Approval,
): Promise<{ done: true } | { refused: string }> {
  const id = parseId("cha", subject);
  const account = id === null ? null : await deps.channels.account(id);
  if (account === null) return { refused: `${subject} is no channel account` };
  const wanted = payload as {
    mode: SharingMode;
    max_millionths: number;
    term_days: number;
    is_open: boolean;
  };
  const written = await deps.platform.transact(
    (tx) =>
      writeContract(tx, {
        channelAccountId: account.id,
        merchantId: account.merchantId,
        mode: wanted.mode,
        maxMillionths: BigInt(wanted.max_millionths),
        termDays: wanted.term_days,
        isOpen: wanted.is_open,
        updatedAt: deps.clock.now(),
      }),
    { repeatable: true },
  );
  return written ? { done: true } : { refused: FIXED_MODE };
}
