/** Buyers: they open codes, pay, pay twice, pay late, fail, put the payment away, or never come. */
import type { NextAction } from "./body.ts";
import type { Chance } from "./chance.ts";
import { sandboxUrl } from "./channel.ts";
import { WALLETS } from "./contracts.ts";
import type { Owner } from "./scheduler.ts";
import { jsonRequest, type World } from "./world.ts";

export type Buyer = { readonly owner: Owner; readonly luck: Chance };

/** What a buyer has in hand: a code, a link, a form, an app's string, a page's parameters, a payment code. */
export type Handle = string;

/** What a `next_action` gives the buyer; null where it gives nothing. */
export function handleOf(action: NextAction | null | undefined): Handle | null {
  switch (action?.type) {
    case "qr_code":
      return action.qr_code;
    case "redirect":
      return action.form === undefined ? action.url : new URLSearchParams(action.form).toString();
    case "app_params":
      return secretIn(action.params) ?? action.params;
    case "jsapi_params":
      return JSON.stringify(action.params);
    default:
      return null;
  }
}

/** What an app with a card's form holds: the client's secret. */
function secretIn(params: string): string | null {
  if (!params.startsWith("{")) return null;
  return (JSON.parse(params) as { client_secret?: string }).client_secret ?? null;
}

/** Cards that ask for 3-D Secure, are declined, have not enough funds, or are disputed at once. */
const CARDS = ["3220", "0002", "9995", "0259"] as const;

/** What a buyer can do with what it has in hand. */
type Hands = {
  readonly luck: Chance;
  readonly lifetimeMs: number;
  wallet(what: "scan" | "pay" | "fail" | "abandon", more?: Record<string, unknown>): Promise<unknown>;
  /** Waits for a while of at most `mostMs`. */
  linger(mostMs: number): Promise<void>;
  sleep(ms: number): Promise<void>;
};

/** What buyers do, and how often. */
export const HABITS: Readonly<
  Record<string, readonly [weight: number, act: (hands: Hands) => Promise<unknown>]>
> = {
  pays: [50, ({ wallet }) => wallet("pay")],
  pays_with_voucher: [6, ({ wallet, luck }) => wallet("pay", { voucher_amount: luck.between(1, 50) })],
  pays_twice: [8, ({ wallet }) => Promise.all([wallet("pay"), wallet("pay")])],
  scans_then_pays: [
    12,
    async ({ wallet, linger }) => {
      await wallet("scan");
      await linger(120_000);
      await wallet("pay");
    },
  ],
  fails_then_pays: [
    6,
    async ({ wallet, linger }) => {
      await wallet("fail");
      await linger(60_000);
      await wallet("pay");
    },
  ],
  // Whoever pays with something else than cards pays, and then finds it paid.
  pays_with_cards: [
    8,
    async ({ wallet, luck, linger }) => {
      await wallet("pay", { card: luck.pick(CARDS) });
      await linger(60_000);
      await wallet("pay");
    },
  ],
  fails: [4, ({ wallet }) => wallet("fail")],
  pays_late: [
    8,
    async ({ wallet, luck, lifetimeMs, sleep }) => {
      if (luck.hits(0.5)) await wallet("scan");
      // Around the moment at which the order ends, on either side of it.
      await sleep(Math.max(0, lifetimeMs - 15_000) + luck.integer(20_000));
      await wallet("pay");
    },
  ],
  scans_and_leaves: [6, ({ wallet }) => wallet("scan")],
  abandons: [
    4,
    async ({ wallet, luck, linger }) => {
      await wallet("scan");
      await wallet("abandon");
      if (!luck.hits(0.3)) return;
      await linger(300_000);
      await wallet("pay");
    },
  ],
  never_comes: [6, async () => {}],
};

/** What WeChat says of parameters that no shop may hand to it. */
const WRONG_PARAMETERS = new Set(["SIGN_ERROR", "PARAM_ERROR", "INVALID_REQUEST"]);

/** A signature by a key that was replaced since is nobody's fault. */
function isWronglyHandedOver(world: World, error: { readonly code: string } | undefined): boolean {
  if (error === undefined || !WRONG_PARAMETERS.has(error.code)) return false;
  return error.code !== "SIGN_ERROR" || !world.replacedKeysAt.has("wechat");
}

/** Does with an order whatever this buyer does. */
export async function behave(world: World, buyer: Buyer, handle: Handle, lifetimeMs: number): Promise<void> {
  const { luck, owner } = buyer;
  const hands: Hands = {
    luck,
    lifetimeMs,
    wallet: async (what, more = {}) => {
      const request = jsonRequest("POST", sandboxUrl(`/wallet/${what}`), { code: handle, ...more });
      const { body } = await world.act(owner, `wallet ${what}`, request, world.channel);
      // What a buyer adds, such as a voucher beyond the price, the shop did not hand over.
      if (Object.keys(more).length === 0 && isWronglyHandedOver(world, body.error)) {
        world.violations.push(
          `the wallet of ${owner.name} refused what it was handed: ${body.error?.message}`,
        );
      }
    },
    linger: (mostMs) => world.sleep(owner, luck.integer(mostMs)),
    sleep: (ms) => world.sleep(owner, ms),
  };
  await hands.linger(20_000);
  const weights = Object.fromEntries(Object.entries(HABITS).map(([name, [weight]]) => [name, weight]));
  const habit = luck.weighed(weights);
  world.weather.tally.add("buyers", habit);
  const [, act] = HABITS[habit] as (typeof HABITS)[string];
  await act(hands);
}

export const CODE_BEHAVIOURS = { pays: 5, asks_password: 4, insufficient_balance: 1 } as const;
/** Where something lies in wait for what undoes an order. */
const MOSTLY_ASKS = { pays: 1, asks_password: 8, insufficient_balance: 1 } as const;

/** A fresh payment code of a buyer who will pay, be asked for a password, or have no money. */
export async function newPaymentCode(world: World, buyer: Buyer): Promise<string> {
  const isUndone = world.weather.isBadFor("undone");
  const behaviour = buyer.luck.weighed(isUndone ? MOSTLY_ASKS : CODE_BEHAVIOURS);
  const drawn = buyer.luck.pick(WALLETS);
  const { weather } = world;
  const wallet = weather.isBadFor("codes") && weather.badForChannel !== null ? weather.badForChannel : drawn;
  world.weather.tally.add("buyers", `payment code: ${behaviour}`);
  const request = jsonRequest("POST", sandboxUrl("/wallet/payment-codes"), { behaviour, wallet });
  const answer = await world.act(buyer.owner, "payment code", request, world.channel);
  return answer.body.code;
}

/** Enters the password, late or never. */
export async function enterPassword(world: World, buyer: Buyer, code: string): Promise<void> {
  if (buyer.luck.hits(world.weather.isBadFor("undone") ? 0.75 : 0.25)) return;
  await world.sleep(buyer.owner, buyer.luck.integer(70_000));
  const request = jsonRequest("POST", sandboxUrl("/wallet/pay"), { code });
  await world.act(buyer.owner, "wallet password", request, world.channel);
}
