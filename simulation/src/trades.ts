/** One payment's life as its merchant and its buyer live it. */
import { HOUR } from "../../server/src/kernel/clock.ts";
import { does, insist, type TradeDeps, untilPaid } from "./asking.ts";
import type { Answer, Body } from "./body.ts";
import { type Buyer, behave, enterPassword, handleOf, newPaymentCode } from "./buyers.ts";
import type { Chance } from "./chance.ts";
import { channelWhims } from "./channel-whims.ts";
import {
  AT_THE_CASHIER,
  currencyOfMethod,
  methodsOf,
  pickMethod,
  type WorldCurrency,
  withNeeds,
} from "./methods.ts";
import { drawSharing, mayFindNoSplit, type ProfitSharing, shares } from "./shares.ts";

/** How often codes are shown, beside all other ways: usually, and where something lies in wait for them. */
const CODES = 3;
const MANY_CODES = 40;

export async function trade(deps: TradeDeps): Promise<void> {
  const { world, merchant, number, luck } = deps;
  const buyer: Buyer = { owner: { name: `buyer${number}`, alive: true }, luck: luck.stream("buyer") };
  const orderNo = `${merchant.name}-${number}`;
  const expiresIn = luck.pick([60, 90, 300, 900, 7_200]);
  const codes = world.weather.isBadFor("codes") ? MANY_CODES : CODES;
  const drawn = luck.weighed({ cashier: 2, code: codes, other: 10 });
  const method = deps.wanted === null ? drawn : "other";
  const currency = currencyOf(deps, method);
  const order: Record<string, unknown> = {
    merchant_order_no: orderNo,
    amount: amountOf(luck, currency),
    currency,
    subject: `Order ${number}`,
    expires_in: expiresIn,
  };
  let code: string | null = null;
  if (method === "code") {
    code = await newPaymentCode(world, buyer);
    order.payment_code = code;
  } else if (method === "other") {
    Object.assign(order, deps.wanted === null ? drawMethod(deps, currency) : withNeeds(deps.wanted));
  }
  const split = currency === "CNY" ? drawSharing(deps, order.amount as number, wayOf(order)) : null;
  if (split !== null) order.profit_sharing = split;
  const others: Promise<void>[] = [];
  if (code !== null) others.push(enterPassword(world, buyer, code));
  const creations = [insist(deps, "POST", "/v1/payments", order)];
  if (luck.hits(0.15)) {
    does(deps, "create twice at once");
    creations.push(insist(deps, "POST", "/v1/payments", order));
  }
  const first = accepted(deps, order, split, await Promise.all(creations));
  if (first === null) {
    await Promise.all(others);
    return;
  }
  const id = first.body.id;
  const comes = (body: Body) => {
    const handle = handleOf(body?.next_action);
    if (handle !== null) others.push(behave(world, buyer, handle, expiresIn * 1_000));
  };
  comes(first.body);
  if (method === "cashier") {
    const methods = AT_THE_CASHIER[currency];
    others.push(atTheCashier(deps, buyer, { url: first.body.cashier_url, methods }, expiresIn * 1_000));
  }
  others.push(whims(deps, id, order, comes), channelWhims(deps, id), refunds(deps, id, expiresIn * 1_000));
  if (split !== null) others.push(shares(deps, id, split, expiresIn * 1_000));
  // Whims may bring the buyer back, so the list grows while it is waited for.
  for (let i = 0; i < others.length; i += 1) await others[i];
}

/** The payment that was created; null: it was refused for a reason that may be. All answers name the one. */
function accepted(
  deps: TradeDeps,
  order: Readonly<Record<string, unknown>>,
  split: ProfitSharing | null,
  created: readonly Answer[],
): Answer | null {
  const { world, merchant, words } = deps;
  const orderNo = order.merchant_order_no as string;
  const isRouted = merchant.isLimited && created.some(hasNoAccount);
  const isSplit = split !== null && created.some(hasNoSplit) && mayFindNoSplit(deps, wayOf(order));
  const mayBe = (answer: Answer) => (isRouted && hasNoAccount(answer)) || (isSplit && hasNoSplit(answer));
  const first = created.find(({ status }) => status < 300) ?? (created[0] as Answer);
  if (isRouted) does(deps, "find no account that takes the order");
  if (isSplit) does(deps, "find no account that splits the order");
  if (first.status !== 200 && first.status !== 201) {
    if (!created.every(mayBe))
      world.violations.push(`${orderNo} was refused: ${first.status} ${first.body.code}`);
    return null;
  }
  for (const answer of created) {
    if (answer.status < 300) words.payment(merchant.name, answer.body);
    if (answer.body.id !== first.body.id && !mayBe(answer)) {
      world.violations.push(`${orderNo} was answered with two payments: ${first.body.id}, ${answer.body.id}`);
    }
  }
  return first;
}

/** What an order names to be paid by; null: the buyer chooses, or shows the code of any wallet. */
function wayOf({ method }: Readonly<Record<string, unknown>>): string | null {
  return typeof method === "string" ? method : null;
}

/** Windows, hours, quotas and exclusions may leave none: nothing has happened then. */
function hasNoAccount({ status, body }: Answer): boolean {
  return status === 422 && body.code === "no_account_available";
}

function hasNoSplit({ status, body }: Answer): boolean {
  return status === 422 && body.code === "sharing_not_available";
}

/** Payment codes are wallets', which take yuan alone. */
function currencyOf({ world, merchant, luck, wanted }: TradeDeps, method: string): WorldCurrency {
  if (wanted !== null) return currencyOfMethod(wanted);
  if (method === "code" || !merchant.currencies.includes("USD")) return "CNY";
  return luck.hits(world.weather.isBadFor("stripe") ? 0.9 : 0.4) ? "USD" : "CNY";
}

/** Mostly UnionPay's where something lies in wait for it. */
function drawMethod({ world, luck }: TradeDeps, currency: WorldCurrency): Record<string, string> {
  const isBad = world.weather.isBadFor("unionpay") && currency === "CNY";
  return isBad && luck.hits(0.8) ? withNeeds(luck.pick(methodsOf("unionpay"))) : pickMethod(luck, currency);
}

/** Now and then the least. Of a card's payments half a dollar is. */
function amountOf(luck: Chance, currency: WorldCurrency): number {
  const least = currency === "USD" ? 50 : 1;
  return least + (luck.hits(0.1) ? luck.integer(5) : luck.between(5, 500_000));
}

export const WHIMS = { get: 3, repeat: 3, differ: 1, list: 1, close: 4, attempt: 5, timeline: 1 } as const;

/** What a merchant's program does meanwhile: repeats, looks, closes, tries another way. */
async function whims(
  deps: TradeDeps,
  id: string,
  order: Record<string, unknown>,
  comes: (body: Body) => void,
): Promise<void> {
  const { world, merchant, luck, words } = deps;
  for (let left = luck.integer(4); left > 0; left -= 1) {
    await world.sleep(merchant.owner, luck.integer(90_000));
    const whim = luck.weighed(WHIMS);
    does(deps, whim);
    switch (whim) {
      case "get": {
        const answer = await insist(deps, "GET", `/v1/payments/${id}`);
        words.payment(merchant.name, answer.body);
        break;
      }
      case "repeat": {
        const answer = await insist(deps, "POST", "/v1/payments", order);
        if (answer.status !== 200 || answer.body.id !== id) {
          world.violations.push(`a repeat of ${id} was answered ${answer.status} ${answer.body?.code}`);
        } else words.payment(merchant.name, answer.body);
        break;
      }
      case "differ": {
        const answer = await insist(deps, "POST", "/v1/payments", { ...order, subject: "Another" });
        if (answer.status !== 409) {
          world.violations.push(`another request under the number of ${id} was answered ${answer.status}`);
        }
        break;
      }
      case "list":
        await insist(deps, "GET", "/v1/payments?limit=5");
        break;
      case "timeline":
        await insist(deps, "GET", `/v1/payments/${id}/timeline`);
        break;
      case "close": {
        const answer = await insist(deps, "POST", `/v1/payments/${id}/close`);
        if (answer.status < 300) words.payment(merchant.name, answer.body);
        break;
      }
      case "attempt": {
        const wish = pickMethod(luck, order.currency as WorldCurrency);
        const key = luck.hits(0.5) ? { "idempotency-key": `${id}-${left}` } : {};
        const answer = await insist(deps, "POST", `/v1/payments/${id}/attempts`, wish, key);
        if (answer.status < 300) {
          words.payment(merchant.name, answer.body);
          comes(answer.body);
        }
        break;
      }
    }
  }
}

/** The buyer chooses on the platform's page, which looks at the payment until it ends. */
async function atTheCashier(
  deps: TradeDeps,
  buyer: Buyer,
  cashier: { readonly url: string; readonly methods: readonly string[] },
  lifetimeMs: number,
): Promise<void> {
  const { world } = deps;
  const { luck } = buyer;
  if (luck.hits(0.1)) return;
  const path = new URL(cashier.url).pathname;
  await world.sleep(buyer.owner, luck.integer(20_000));
  for (let tries = luck.between(1, 2); tries > 0; tries -= 1) {
    const method = luck.pick(cashier.methods);
    const started = await insist(deps, "POST", `${path}/attempts`, { method, device: "desktop" });
    const handle = handleOf(started.body?.next_action);
    if (handle === null) continue;
    const paying = behave(world, buyer, handle, lifetimeMs);
    for (let looks = luck.integer(5); looks > 0; looks -= 1) {
      await world.sleep(buyer.owner, 2_000);
      await insist(deps, "GET", `${path}/state`);
    }
    await paying;
  }
}

/** Refunds: in full, in parts, at once, again under the same number, more than there is. */
async function refunds(deps: TradeDeps, id: string, lifetimeMs: number): Promise<void> {
  const { world, merchant, luck } = deps;
  if (luck.hits(world.weather.isBadFor("refunds") ? 0.1 : 0.45)) return;
  const path = `/v1/payments/${id}`;
  const paid = await untilPaid(deps, id, lifetimeMs);
  // What was paid on UnionPay's day is refunded on the next: before its end it would be voided.
  if (world.weather.isBadFor("unionpay")) await world.sleep(merchant.owner, HOUR);
  // A refund of what is not paid is refused, and must leave nothing behind.
  if (paid === null && luck.hits(0.7)) return;
  const amount = paid?.amount ?? 100;
  const one = async (part: number) => {
    const number = `${merchant.name}-${deps.number}-r${part}`;
    const wanted = luck.hits(0.25) ? {} : { amount: luck.between(1, Math.max(1, Math.ceil(amount * 0.7))) };
    const body = { merchant_refund_no: number, ...wanted };
    const repeats = luck.hits(0.2) ? 2 : 1;
    if (repeats > 1) does(deps, "ask for a refund twice at once");
    const asked = Array.from({ length: repeats }, () => insist(deps, "POST", `${path}/refunds`, body));
    const answers = await Promise.all(asked);
    for (const answer of answers) {
      if (answer.status < 300) deps.words.refund(merchant.name, answer.body);
      else does(deps, `are refused a refund: ${answer.body?.code}`);
    }
    const known = answers.find((answer) => answer.status < 300);
    if (known === undefined || !luck.hits(0.5)) return;
    await world.sleep(merchant.owner, luck.integer(120_000));
    const looked = await insist(deps, "GET", `/v1/refunds/${known.body.id}`);
    if (looked.status < 300) deps.words.refund(merchant.name, looked.body);
  };
  const parts = Array.from({ length: luck.between(1, 3) }, (_, index) => index + 1);
  if (luck.hits(0.5)) await Promise.all(parts.map(one));
  else for (const part of parts) await one(part);
  // The calls come later, while things still go wrong.
  if (world.weather.isBadFor("refunds")) await world.sleep(merchant.owner, HOUR / 6);
}
