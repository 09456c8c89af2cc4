/** One payment's life as its merchant and its buyer live it. */
import { type Answer, type Body, NOTHING } from "./body.ts";
import { type Buyer, behave, enterPassword, handleOf, newPaymentCode } from "./buyers.ts";
import type { Chance } from "./chance.ts";
import { sandboxUrl } from "./channel.ts";
import { CONSOLES, type Contract } from "./contracts.ts";
import type { Words } from "./ledger-of-words.ts";
import type { Merchant } from "./merchants.ts";
import { jsonRequest, platformUrl, type World } from "./world.ts";

export type TradeDeps = {
  readonly world: World;
  readonly words: Words;
  readonly merchant: Merchant;
  readonly number: number;
  readonly luck: Chance;
};

/** With what each needs beside the order. */
const METHODS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "alipay.qr": {},
  "alipay.page": {},
  "alipay.wap": {},
  "alipay.app": {},
  "alipay.jsapi": { buyer: "2088000000000002" },
  "unionpay.page": {},
  "unionpay.qr": {},
  "unionpay.app": {},
  "wechat.native": {},
  "wechat.h5": { buyer_ip: "203.0.113.7" },
  "wechat.app": {},
  "wechat.jsapi": { buyer: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
};

/** A method with what it needs. */
function pickMethod(luck: Chance): Record<string, string> {
  const method = luck.pick(Object.keys(METHODS));
  return { method, ...METHODS[method] };
}
/** A merchant's program asks again until it is answered, for so long. */
const PATIENCE = 400;

/** Those that the cashier offers on a desktop. */
const AT_THE_CASHIER = [
  "alipay.qr",
  "alipay.page",
  "unionpay.qr",
  "unionpay.page",
  "wechat.native",
  "wechat.h5",
];

const does = ({ world }: TradeDeps, what: string) => world.weather.tally.add("merchants", what);

export async function trade(deps: TradeDeps): Promise<void> {
  const { world, merchant, number, luck, words } = deps;
  const buyer: Buyer = { owner: { name: `buyer${number}`, alive: true }, luck: luck.stream("buyer") };
  const orderNo = `${merchant.name}-${number}`;
  const expiresIn = luck.pick([60, 90, 300, 900, 7_200]);
  const method = luck.weighed({ cashier: 2, code: 3, other: 10 });
  const order: Record<string, unknown> = {
    merchant_order_no: orderNo,
    amount: luck.hits(0.1) ? luck.between(1, 5) : luck.between(6, 500_000),
    currency: "CNY",
    subject: `Order ${number}`,
    expires_in: expiresIn,
  };
  let code: string | null = null;
  if (method === "code") {
    code = await newPaymentCode(world, buyer);
    order.payment_code = code;
  } else if (method === "other") {
    Object.assign(order, pickMethod(luck));
  }
  const others: Promise<void>[] = [];
  if (code !== null) others.push(enterPassword(world, buyer, code));
  const creations = [insist(deps, "POST", "/v1/payments", order)];
  if (luck.hits(0.15)) {
    does(deps, "create twice at once");
    creations.push(insist(deps, "POST", "/v1/payments", order));
  }
  const created = await Promise.all(creations);
  const [first] = created as [Answer];
  if (first.status !== 200 && first.status !== 201) {
    world.violations.push(`${orderNo} was refused: ${first.status} ${first.body.code}`);
    await Promise.all(others);
    return;
  }
  for (const answer of created) {
    if (answer.status < 300) words.payment(merchant.name, answer.body);
    if (answer.body.id !== first.body.id) {
      world.violations.push(`${orderNo} was answered with two payments: ${first.body.id}, ${answer.body.id}`);
    }
  }
  const id = first.body.id;
  const comes = (body: Body) => {
    const handle = handleOf(body?.next_action);
    if (handle !== null) others.push(behave(world, buyer, handle, expiresIn * 1_000));
  };
  comes(first.body);
  if (method === "cashier") others.push(atTheCashier(deps, buyer, first.body.cashier_url, expiresIn * 1_000));
  others.push(whims(deps, id, order, comes), channelWhims(deps, id), refunds(deps, id, expiresIn * 1_000));
  // Whims may bring the buyer back, so the list grows while it is waited for.
  for (let i = 0; i < others.length; i += 1) await others[i];
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
        const wish = pickMethod(luck);
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
  cashierUrl: string,
  lifetimeMs: number,
): Promise<void> {
  const { world } = deps;
  const { luck } = buyer;
  if (luck.hits(0.1)) return;
  const path = new URL(cashierUrl).pathname;
  await world.sleep(buyer.owner, luck.integer(20_000));
  for (let tries = luck.between(1, 2); tries > 0; tries -= 1) {
    const method = luck.pick(AT_THE_CASHIER);
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

export const CHANNEL_WHIMS = {
  reverse: { path: "reverse", does: "takes a payment back" },
  reverse_part: { path: "reverse", does: "takes a part of a payment back" },
  pay_late: { path: "pay-late", does: "takes money for an order that is over" },
  forge: { path: "forge-notification", does: "is forged" },
} as const;

/** What the channel does on its own to an order of this payment. */
async function channelWhims(deps: TradeDeps, id: string): Promise<void> {
  const { world, merchant, luck } = deps;
  if (!luck.hits(0.4)) return;
  await world.sleep(merchant.owner, luck.integer(400_000));
  const { body } = await insist(deps, "GET", `/v1/payments/${id}`);
  const attempt = luck.pick([...(body?.attempts ?? []), null]);
  if (attempt === null) return;
  const contract = merchant.contracts.find(({ channel }) => channel === attempt.channel) as Contract;
  // Only Alipay tells of what it took back.
  const reverses = contract.channel === "alipay" ? 1 : 0;
  const what = luck.weighed({ reverse: 5 * reverses, reverse_part: 3 * reverses, pay_late: 3, forge: 1 });
  const bodies = { reverse: {}, reverse_part: { amount: luck.between(1, 20) }, pay_late: {}, forge: {} };
  const console = CONSOLES[contract.channel];
  const url = sandboxUrl(`${console.orderPath(attempt.channel_order_no)}/${CHANNEL_WHIMS[what].path}`);
  const request = jsonRequest("POST", url, { ...console.named(contract.number), ...bodies[what] });
  const answer = await world.act(merchant.owner, `channel ${what}`, request, world.channel);
  if (answer.status < 300) world.weather.tally.add("the channel by itself", CHANNEL_WHIMS[what].does);
}

/** Refunds: in full, in parts, at once, again under the same number, more than there is. */
async function refunds(deps: TradeDeps, id: string, lifetimeMs: number): Promise<void> {
  const { world, merchant, luck } = deps;
  if (luck.hits(0.45)) return;
  const path = `/v1/payments/${id}`;
  let paid: Body | null = null;
  for (const waitMs of [10_000, 30_000, 60_000, 120_000, lifetimeMs]) {
    await world.sleep(merchant.owner, waitMs);
    const { body } = await insist(deps, "GET", path);
    if (body?.status === "succeeded") {
      paid = body;
      break;
    }
    if (body?.status_final === true) break;
  }
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
}

function shapeOf(path: string): string {
  return (path.split("?", 1)[0] as string).replaceAll(/_[0-9a-z]{26}|(?<=^\/pay\/)[^/]+/g, "");
}

/** Asks until there is an answer that says something: a program that retries with the same number. */
async function insist(
  deps: TradeDeps,
  method: "GET" | "POST",
  path: string,
  body?: Record<string, unknown>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { world, merchant, luck } = deps;
  const token = path.startsWith("/pay/") ? null : merchant.key;
  const plain = jsonRequest(method, platformUrl(path), body, token);
  const request = { ...plain, headers: { ...plain.headers, ...headers } };
  for (let tries = 1; ; tries += 1) {
    try {
      // Some give up before the answer can have come: the request is cancelled, and asked again.
      const timeoutMs = luck.hits(0.05) ? luck.between(1, 200) : 30_000;
      const answer = await world.ask(merchant.owner, request, timeoutMs);
      if (answer.status >= 500) does(deps, `are told to come again: ${answer.body?.code}`);
      if (answer.status === 404) world.violations.push(`${method} ${path} was answered 404`);
      if (answer.status < 500 && answer.status !== 429) return answer;
      if (answer.status !== 503) {
        world.violations.push(
          `${method} ${path} was answered ${answer.status} ${JSON.stringify(answer.body)}`,
        );
        return answer;
      }
    } catch {
      // Not answered: asked again.
      does(deps, `ask again, unanswered: ${method} ${shapeOf(path)}`);
    }
    if (tries === PATIENCE) {
      world.violations.push(`${method} ${path} was not answered after ${tries} tries`);
      return { status: 0, body: NOTHING };
    }
    await world.sleep(merchant.owner, luck.between(100, 8_000));
  }
}
