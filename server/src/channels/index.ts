/** Channels, the contracts with them, and the budget of calls. */
import type { Clock, Random } from "../kernel/clock.ts";
import type { Keyring } from "../kernel/crypto.ts";
import type { Database } from "../kernel/database.ts";
import type { Id, IdMaker } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Currency } from "../kernel/money.ts";
import type { ChannelAccount, FundFlow } from "./accounts/model.ts";
import type { CallBudget } from "./budget.ts";
import type { Channel, ChannelContext } from "./port.ts";

export type { ChannelAccount, ChannelAccountStatus, FundFlow } from "./accounts/model.ts";
export type { CallBudget, CallPriority } from "./budget.ts";
export type * from "./port.ts";

/** What the ledger must have opened before an account takes its first order. */
export type AccountOpening = {
  readonly merchantId: Id;
  readonly currency: Currency;
  readonly channelAccountId: Id;
  readonly fundFlow: FundFlow;
};

export type ChannelsDeps = {
  readonly channels: readonly Channel[];
  /** The platform schema. */
  readonly platform: Database;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly log: Log;
  /** Opens the books' accounts of a channel account in its currencies; safe to repeat. */
  readonly openAccounts: (openings: readonly AccountOpening[]) => Promise<void>;
  /** In production a gateway is reached by https alone. */
  readonly production: boolean;
};

export type Channels = {
  /** The connector of a channel by its name, or null. */
  channel(name: string): Channel | null;
  /** Every connector, in the order handed in. */
  readonly all: readonly Channel[];
  /** A channel account as it was at most one second ago, or null. */
  account(id: Id): Promise<ChannelAccount | null>;
  /** Every account of a merchant, oldest first, at most one second old; all states. */
  accountsOfMerchant(merchantId: Id): Promise<readonly ChannelAccount[]>;
  /** What a call needs, with one version of the credentials. Throws when the account has no such version. */
  contextOf(account: ChannelAccount, credentialVersion: number | "current"): Promise<ChannelContext>;
  /** One context for each version, newest first: a notification may be signed for any of them. */
  contextsOf(account: ChannelAccount): Promise<readonly ChannelContext[]>;
  readonly budget: CallBudget;
};

export declare function createChannels(deps: ChannelsDeps): Channels;
