import { createCache } from "../kernel/cache.ts";
import type { Db } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import { type Credentials, createCredentials } from "./accounts/credentials.ts";
import type { ChannelAccount } from "./accounts/model.ts";
import { type ChannelAccounts, type ChannelAccountsDeps, createChannelAccounts } from "./accounts/service.ts";
import * as store from "./accounts/store.ts";
import { type CallBudget, createCallBudget } from "./budget.ts";
import { type CallCounts, createCallCounts } from "./counts.ts";
import type { Channel, ChannelContext } from "./port.ts";

/** What the room is built from. */
export type ChannelsDeps = ChannelAccountsDeps;

/** What other rooms ask of channels. */
export type Channels = {
  /** The connector of a channel by its name, or null. */
  channel(name: string): Channel | null;
  /** Every connector, in the order handed in. */
  readonly all: readonly Channel[];
  /** A channel account as it was at most one second ago, or null. */
  account(id: Id): Promise<ChannelAccount | null>;
  /** The single rates of an account's costs, oldest first: each from its revision and instant on. */
  costRatesOf(id: Id): Promise<readonly store.CostRate[]>;
  /** Every account of a merchant, oldest first, at most one second old; all states. */
  accountsOfMerchant(merchantId: Id): Promise<readonly ChannelAccount[]>;
  /** Every account, in pages, newest first; all states, as they are now. */
  everyAccount(): AsyncIterable<readonly ChannelAccount[]>;
  /**
   * What a call needs, with one version of the credentials: the one that the order was placed with, or the
   * newest. Throws when the account has no such version.
   */
  contextOf(account: ChannelAccount, credentialVersion: number | "current"): Promise<ChannelContext>;
  /** One context for each version, newest first: a notification may be signed for any of them. */
  contextsOf(account: ChannelAccount): Promise<readonly ChannelContext[]>;
  readonly budget: CallBudget;
  /** What became of calls since start. */
  readonly counts: CallCounts;
  /** What operators do with the contracts. */
  readonly accounts: ChannelAccounts;
  /** Wraps the credentials again that an earlier master key wrapped; gives how many. Safe to repeat. */
  readonly rewrapCredentials: Credentials["rewrapAll"];
  /** How many stored credentials there are, and how many of them no master key given opens. */
  readonly readableCredentials: Credentials["readable"];
};

const ACCOUNTS_PER_PAGE = 1_000;

/** A notification comes soon after its order: versions older than these are no longer tried. */
const VERSIONS_TRIED_MAX = 10;

/** Builds the room. It makes no call and reads no row until asked. */
export function createChannels(deps: ChannelsDeps): Channels {
  const { db, revision } = deps.platform;
  const { clock } = deps;
  const credentials = createCredentials(deps);
  const byId = createCache({ clock, revision, load: (id) => store.findAccount(db, id) });
  const byMerchant = createCache({ clock, revision, load: (id) => store.findAccountsOfMerchant(db, id) });
  const accounts = createChannelAccounts({
    ...deps,
    credentials,
    changed: (account) => {
      byId.forget(account.id);
      byMerchant.forget(account.merchantId);
    },
  });

  const channel = (name: string) => deps.channels.find((each) => each.traits.name === name) ?? null;
  const budget = createCallBudget(deps);
  const contextOf = async (account: ChannelAccount, version: number | "current"): Promise<ChannelContext> => {
    const connector = channel(account.channel);
    if (connector === null) throw new Error(`no connector for the channel ${account.channel}`);
    const wanted = version === "current" ? account.credentialVersion : version;
    if (wanted === null) throw new Error(`channel account ${account.id} has no credentials`);
    const context = await credentials.context(connector, account, wanted);
    // What an operation goes on with is never worth a buyer's call.
    return { ...context, takeAnother: () => budget.take(account, "background") };
  };

  return {
    channel,
    all: deps.channels,
    account: (id) => byId.get(id),
    costRatesOf: (id) => store.costRates(db, id),
    accountsOfMerchant: (merchantId) => byMerchant.get(merchantId),
    everyAccount: () => everyAccount(db),
    contextOf,
    contextsOf: async (account) => {
      const newest = account.credentialVersion ?? 0;
      const length = Math.min(newest, VERSIONS_TRIED_MAX);
      return Promise.all(Array.from({ length }, (_, back) => contextOf(account, newest - back)));
    },
    budget,
    counts: createCallCounts(),
    accounts,
    rewrapCredentials: credentials.rewrapAll,
    readableCredentials: credentials.readable,
  };
}

async function* everyAccount(db: Db): AsyncGenerator<readonly ChannelAccount[]> {
  const every = { merchantId: null, channel: null, status: null };
  for (let before: Id | null = null; ; ) {
    const page: ChannelAccount[] = await store.listAccounts(db, { ...every, before }, ACCOUNTS_PER_PAGE);
    if (page.length > 0) yield page;
    if (page.length < ACCOUNTS_PER_PAGE) return;
    before = page.at(-1)?.id ?? null;
  }
}
