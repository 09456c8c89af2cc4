/** What a merchant's program does about the splitting of a payment's money. */
import { does, insist, type TradeDeps, untilPaid } from "./asking.ts";
import type { Answer } from "./body.ts";
import type { Chance } from "./chance.ts";
import type { Contract } from "./contracts.ts";
import type { Receiver, Sharing } from "./sharing.ts";

type Rule = { readonly receiver: string } & (
  | { readonly amount: number }
  | { readonly share_millionths: number }
);
/** `profit_sharing` of an order. */
export type ProfitSharing = "later" | { readonly receivers: readonly Rule[]; readonly finish?: boolean };

/** What an order asks for; null: its money is not to be split. @param method null: the buyer chooses */
export function drawSharing(
  { world, merchant, sharing, luck: trade }: TradeDeps,
  amount: number,
  method: string | null,
): ProfitSharing | null {
  const luck = trade.stream("sharing");
  const contracts = merchant.contracts.filter(({ accountId }) => splitting(sharing, accountId));
  const takes = (contract: Contract) => method === null || method.startsWith(`${contract.channel}.`);
  if (contracts.length === 0) return null;
  // Now and then it is asked for where nobody splits.
  const often = world.weather.isBadFor("shares") ? 0.95 : 0.6;
  if (!luck.hits(contracts.some(takes) ? often : 0.04)) return null;
  if (luck.hits(0.6)) return "later";
  const receivers = drawRules(luck, receiversOf(sharing, merchant.name), amount);
  return luck.hits(0.5) ? { receivers } : { receivers, finish: luck.hits(0.5) };
}

function splitting({ splits }: TradeDeps["sharing"], accountId: string): boolean {
  return splits.some(({ contract }) => contract.accountId === accountId);
}

function receiversOf({ receivers }: TradeDeps["sharing"], name: string): readonly Receiver[] {
  return receivers.filter(({ merchant }) => merchant.name === name);
}

/** Amounts and parts, to some of the receivers; together well within what channels allow, or nearly all. */
function drawRules(luck: Chance, receivers: readonly Receiver[], amount: number): readonly Rule[] {
  const some = receivers.filter(() => luck.hits(0.5)).slice(0, 3);
  // Of the least amounts there is no part for each.
  const named = (some.length === 0 ? [luck.pick(receivers)] : some).slice(0, amount);
  const most = luck.pick([0.1, 0.1, 0.3]) / named.length;
  return named.map(({ id: receiver }) =>
    luck.hits(0.5)
      ? { receiver, amount: luck.between(1, Math.max(1, Math.floor(amount * most))) }
      : { receiver, share_millionths: luck.between(1_000, Math.floor(1_000_000 * most)) },
  );
}

/** Whether an order of this method may be refused since an account of its way does not split. */
export function mayFindNoSplit({ merchant, sharing }: TradeDeps, method: string | null): boolean {
  // A payment code may be of any wallet.
  const ways = merchant.contracts.filter(
    ({ channel }) => method === null || method.startsWith(`${channel}.`),
  );
  return ways.some(({ accountId }) => !splitting(sharing, accountId));
}

/** Refusals of a request for shares that a program must live with. */
const REFUSALS: readonly string[] = [
  "payment_not_shareable",
  "receiver_not_available",
  "share_exceeds_payment",
  // What comes to less than one minor unit.
  "invalid_request",
];

/** Shares of a payment that was created to be split: asked for, again, beyond what there is, and finished. */
export async function shares(
  trade: TradeDeps,
  id: string,
  wanted: ProfitSharing,
  lifetimeMs: number,
): Promise<void> {
  const deps = { ...trade, luck: trade.luck.stream("shares") };
  const { world, merchant, luck } = deps;
  const paid = await untilPaid(deps, id, lifetimeMs);
  if (paid === null) {
    if (luck.hits(0.3)) await askFor(deps, id, { part: "early", amount: 100, isPaid: false });
    return;
  }
  deps.sharing.paid.push({ id, amount: paid.amount, trade });
  await world.sleep(merchant.owner, luck.integer(luck.pick([30_000, 180_000])));
  const requests = wanted === "later" ? luck.between(1, 3) : luck.integer(2);
  for (let part = 1; part <= requests; part += 1) {
    await askFor(deps, id, { part: String(part), amount: paid.amount, isPaid: true });
    if (luck.hits(0.6)) await world.sleep(merchant.owner, luck.integer(120_000));
  }
  if (luck.hits(0.3)) await takeBack(deps, id, "shared", paid.amount);
  if (luck.hits(0.5)) {
    const { status, body } = await insist(deps, "POST", `/v1/payments/${id}/shares/finish`);
    does(deps, status === 200 ? "finish a splitting" : `are refused to finish a splitting: ${body.code}`);
  }
  if (luck.hits(0.3)) await takeBack(deps, id, "let-go", paid.amount);
  await look(deps, id);
}

/** A day later, when what was paid may be settled: more shares, and refunds that take back. */
export async function sharesLater({ world, paid }: Pick<TradeDeps, "world"> & Pick<Sharing, "paid">) {
  const luck = world.chance.stream("later shares");
  for (const { id, amount, trade } of paid.filter(() => luck.hits(0.3))) {
    const deps = { ...trade, luck };
    await world.sleep(trade.merchant.owner, luck.integer(120_000));
    if (luck.hits(0.7)) await askFor(deps, id, { part: "later", amount, isPaid: true });
    if (luck.hits(0.5)) await takeBack(deps, id, "later", amount);
  }
}

/** A refund, of all or a part: receivers give back first, or with it. */
async function takeBack(deps: TradeDeps, id: string, part: string, amount: number): Promise<void> {
  const { world, merchant, number, luck, words } = deps;
  await world.sleep(merchant.owner, luck.integer(120_000));
  const body = {
    merchant_refund_no: `${merchant.name}-${number}-${part}`,
    ...(luck.hits(0.3) ? {} : { amount: luck.between(1, Math.ceil(amount / 2)) }),
  };
  const answer = await insist(deps, "POST", `/v1/payments/${id}/refunds`, body);
  if (answer.status < 300) words.refund(merchant.name, answer.body);
  else does(deps, `are refused a refund: ${answer.body?.code}`);
}

type Asked = { readonly part: string; readonly amount: number; readonly isPaid: boolean };

async function askFor(deps: TradeDeps, id: string, { part, amount, isPaid }: Asked): Promise<void> {
  const { world, merchant, luck, sharing } = deps;
  const path = `/v1/payments/${id}/shares`;
  const known = receiversOf(sharing, merchant.name);
  const tooMuch = luck.hits(0.15);
  const receivers = tooMuch
    ? [{ receiver: luck.pick(known).id, amount: amount + 1 }]
    : drawRules(luck, known, amount);
  const body = {
    merchant_share_no: `${merchant.name}-${deps.number}-s${part}`,
    receivers,
    ...(luck.hits(0.3) ? { description: "For the supplier" } : {}),
    ...(luck.hits(0.3) ? { finish: luck.hits(0.5) } : {}),
  };
  const twice = luck.hits(0.25);
  if (twice) does(deps, "ask for shares twice at once");
  const asked = Array.from({ length: twice ? 2 : 1 }, () => insist(deps, "POST", path, body));
  const answers = await Promise.all(asked);
  const made = answers.filter(({ status }) => status < 300);
  for (const answer of answers) judge(deps, answer, isPaid && !tooMuch);
  if (new Set(made.map(idsOf)).size > 1) {
    world.violations.push(`${body.merchant_share_no} was answered with other shares`);
  }
  for (const { body: given } of made) deps.words.shares(merchant.name, given);
  if (made.length === 0 || !luck.hits(0.2)) return;
  const other = await insist(deps, "POST", path, { ...body, description: "For another" });
  does(deps, "ask for other shares under a number");
  if (other.status !== 409 || other.body.code !== "number_reused") {
    world.violations.push(`other shares under ${body.merchant_share_no} were answered ${other.status}`);
  }
}

function idsOf({ body }: Answer): string {
  return (body.data ?? [])
    .map(({ id }) => id)
    .sort()
    .join();
}

function judge(deps: TradeDeps, { status, body }: Answer, mayBeMade: boolean): void {
  if (status < 300) {
    does(deps, "are given shares");
    if (!mayBeMade) deps.world.violations.push(`shares of more than there is: ${JSON.stringify(body)}`);
    return;
  }
  does(deps, `are refused shares: ${body.code}`);
  if (!REFUSALS.includes(body.code)) {
    deps.world.violations.push(`shares were answered ${status} ${body.code}`);
  }
}

async function look(deps: TradeDeps, id: string): Promise<void> {
  const { merchant, words } = deps;
  const { body } = await insist(deps, "GET", `/v1/payments/${id}/shares`);
  words.shares(merchant.name, body);
}
