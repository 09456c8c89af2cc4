/** Finance pays what partners and receivers are owed: all of it, parts, twice at once, and never more. */
import type { Answer } from "./body.ts";
import { ask, counts, type Desk } from "./desk.ts";
import type { OwedPayee } from "./partners.ts";

/** More than anybody is owed, in minor units. */
const TOO_MUCH = 1_000_000_000;
const MINUTE_MS = 60_000;

/**
 * Asks for more than anybody is owed: it brings up to date what is owed, and is refused. Null: the payee has
 * no account to be paid to.
 */
export async function payableOf(desk: Desk, payee: OwedPayee): Promise<number | null> {
  const { world } = desk;
  const { kind, name, path, currency, accounts } = payee;
  const wish = { payout_no: `too-much-${world.scheduler.now().getTime()}`, currency, amount: TOO_MUCH };
  const { status, body } = await ask(desk, "POST", `${path}/payouts`, wish);
  if (status === 422 && body.code === "bank_account_not_verified" && accounts.size === 0) {
    counts(desk, `a ${kind} without an account is not paid`);
    return null;
  }
  if (status !== 422 || !["insufficient_balance", "nothing_to_pay_out"].includes(body.code)) {
    world.violations.push(`more than ${name} is owed was answered ${status} ${body.code}`);
    return null;
  }
  counts(desk, `more than a ${kind} is owed is refused: ${body.code}`);
  return body.payable;
}

/** Asks for payouts to one payee. Together they are never more than was payable before. */
export async function askForOwed(desk: Desk, payee: OwedPayee): Promise<void> {
  const { world, bank, luck } = desk;
  await world.sleep(bank.owner, luck.integer(20 * MINUTE_MS));
  const payable = await payableOf(desk, payee);
  if (payable === null || payable === 0) return;
  let left = payable;
  for (let part = luck.between(1, 2); part > 0 && left > 0; part -= 1) {
    const amount = part === 1 && luck.hits(0.7) ? null : luck.between(1, left);
    left -= await askOnce(desk, payee, `${payable}-${part}`, amount);
    await world.sleep(bank.owner, luck.integer(10 * MINUTE_MS));
  }
  // What a payout has already, nobody else may have.
  if (luck.hits(0.6)) await askOnce(desk, payee, `${payable}-again`, null);
}

/** Once, or twice at once under one number or two; what payouts were made of, in minor units. */
async function askOnce(
  desk: Desk,
  { kind, name, path, currency, minimum }: OwedPayee,
  part: string,
  amount: number | null,
): Promise<number> {
  const { world, luck } = desk;
  const day = world.scheduler.now().toISOString().slice(0, 10);
  const wished = { currency, ...(amount === null ? {} : { amount }) };
  const pay = (number: string) =>
    ask(desk, "POST", `${path}/payouts`, { payout_no: `${currency}-${day}-${number}`, ...wished });
  const how = luck.weighed({ once: 4, "twice at once": 3, "two at once": 3 });
  const numbers = { once: [part], "twice at once": [part, part], "two at once": [part, `${part}b`] }[how];
  const answers = await Promise.all(numbers.map(pay));
  counts(desk, `a payout to a ${kind} is asked for ${how}`);
  const made = new Map(answers.flatMap(({ status, body }) => (status < 300 ? [[body.id, body.amount]] : [])));
  if (how === "twice at once" && new Set(answers.map(({ body }) => body.id)).size > 1) {
    world.violations.push(`one payout to ${name} was answered with two: ${[...made.keys()].join(", ")}`);
  }
  for (const { status, body } of answers.filter((answer) => answer.status >= 300)) {
    if (!isRefusedRightly({ status, body }, minimum, amount)) {
      world.violations.push(`a payout to ${name} was refused: ${status} ${body.code}`);
    }
    counts(desk, `a payout to a ${kind} is refused: ${body.code}`);
  }
  return [...made.values()].reduce((sum: number, each) => sum + (each as number), 0);
}

/** Another has what was left, or it is less than is paid at once. */
function isRefusedRightly({ status, body }: Answer, minimum: number, amount: number | null): boolean {
  if (status !== 422) return false;
  if (body.code === "amount_out_of_range") return minimum > 0 && (amount ?? 0) < minimum;
  return body.code === "nothing_to_pay_out" || body.code === "insufficient_balance";
}
