import type { SandboxRandom } from "../../clock.ts";
import { Refused } from "../../refuse.ts";
import { Overtaken, type StoreReader, type StoreTx } from "../../store/index.ts";
import type { StripeDeps } from "../context.ts";
import { newId } from "../ids.ts";
import { type Account, accounts, type Endpoint, endpoints } from "../model.ts";
import { endpointsOf } from "../tell.ts";

export type AccountAsked = {
  id: string | null;
  secretKey: string | null;
  merchantName: string;
  notifyUrl: string | null;
  currencies: string[];
  feeRateMillionths: bigint;
  feeFixed: bigint;
  disputeFee: bigint;
  disputeFeeReturned: boolean;
};

/** An account, and its own endpoint: the one that was made with it. */
export type Registered = { account: Account; endpoint: Endpoint };

/** What a platform wants to hear of a payment; other types are sent to endpoints that name them. */
const enabledEvents = [
  "checkout.session.completed",
  "checkout.session.expired",
  "checkout.session.async_payment_succeeded",
  "payment_intent.succeeded",
  "payment_intent.payment_failed",
  "payment_intent.canceled",
  "payment_intent.processing",
  "charge.refunded",
  "refund.created",
  "refund.updated",
  "refund.failed",
  "charge.dispute.created",
  "charge.dispute.closed",
];

/** An endpoint's signing secret. */
export function newSecret(random: SandboxRandom): string {
  return newId(random, "whsec_");
}

/**
 * Opens an account, or answers the one that already has this id; refuses another secret key for a known id.
 */
export function provisionAccount(
  deps: StripeDeps,
  asked: AccountAsked,
): Promise<Registered & { created: boolean }> {
  return deps.store.transaction(async (tx) => {
    const known = asked.id === null ? undefined : await tx.lock(accounts, asked.id);
    if (known) {
      if (asked.secretKey !== null && asked.secretKey !== known.secretKey) throw taken(known.id);
      const endpoint = await ownEndpoint(tx, known.id);
      const told = asked.notifyUrl === null ? endpoint : { ...endpoint, url: asked.notifyUrl };
      if (told !== endpoint) await tx.update(endpoints, told);
      return { account: known, endpoint: told, created: false };
    }
    const { account, endpoint } = newAccount(deps, asked);
    if (await tx.find(accounts, "secret_key", account.secretKey)) throw taken(account.id);
    if (!(await tx.insert(accounts, account))) throw new Overtaken(account.id);
    await tx.insert(endpoints, endpoint);
    return { account, endpoint, created: true };
  });
}

/** The account with its own endpoint, or a refusal that names it. */
export async function accountOrRefusal(reader: StoreReader, id: string): Promise<Registered> {
  const account = await reader.get(accounts, id);
  if (account) return { account, endpoint: await ownEndpoint(reader, id) };
  throw new Refused(404, "account_unknown", `There is no account ${id}; POST /stripe/accounts makes one.`);
}

/** Tells where the account's own endpoint is. */
export function tellNotifyUrl(deps: StripeDeps, id: string, notifyUrl: string): Promise<Registered> {
  return changeEndpoint(deps, id, (endpoint) => ({ ...endpoint, url: notifyUrl }));
}

/** Gives the account's own endpoint a new secret; the old one signs beside it for a while. */
export function rollSecret(deps: StripeDeps, id: string, overlapSeconds: bigint): Promise<Registered> {
  const until = new Date(deps.clock.now().getTime() + Number(overlapSeconds) * 1_000);
  return changeEndpoint(deps, id, (endpoint) => ({
    ...endpoint,
    secret: newSecret(deps.random),
    rolled: { secret: endpoint.secret, until },
  }));
}

/** Replaces the account's secret key; the old one stops working at once. */
export function rollKey(deps: StripeDeps, id: string): Promise<Registered> {
  return deps.store.transaction(async (tx) => {
    const { endpoint } = await accountOrRefusal(tx, id);
    const account = { ...(await tx.lock(accounts, id))!, secretKey: newId(deps.random, "sk_test_") };
    await tx.update(accounts, account);
    return { account, endpoint };
  });
}

function changeEndpoint(
  deps: StripeDeps,
  id: string,
  change: (endpoint: Endpoint) => Endpoint,
): Promise<Registered> {
  return deps.store.transaction(async (tx: StoreTx) => {
    const { account, endpoint } = await accountOrRefusal(tx, id);
    const changed = change((await tx.lock(endpoints, endpoint.id))!);
    await tx.update(endpoints, changed);
    return { account, endpoint: changed };
  });
}

/**
 * The endpoint made with the account has the account's own id in its name, whatever others were made since.
 */
async function ownEndpoint(reader: StoreReader, accountId: string): Promise<Endpoint> {
  const own = await reader.get(endpoints, ownEndpointId(accountId));
  if (own) return own;
  const [first] = await endpointsOf(reader, accountId);
  if (first) return first;
  throw new Refused(404, "endpoint_unknown", `Account ${accountId} has no webhook endpoint any more.`);
}

function ownEndpointId(accountId: string): string {
  return accountId.replace(/^acct_/, "we_");
}

function newAccount(deps: StripeDeps, asked: AccountAsked): Registered {
  const { random, clock } = deps;
  const { id: wanted, secretKey, notifyUrl, ...terms } = asked;
  const id = wanted ?? newId(random, "acct_").slice(0, 21);
  const createdAt = clock.now();
  const account: Account = {
    ...terms,
    id,
    secretKey: secretKey ?? newId(random, "sk_test_"),
    publishableKey: newId(random, "pk_test_"),
    createdAt,
  };
  const endpoint: Endpoint = {
    id: ownEndpointId(id),
    accountId: id,
    url: notifyUrl,
    enabledEvents,
    secret: newSecret(random),
    rolled: null,
    description: null,
    metadata: {},
    createdAt,
  };
  return { account, endpoint };
}

function taken(id: string): Refused {
  return new Refused(409, "account_exists", `Account ${id}, or one with this secret key, exists already.`);
}
