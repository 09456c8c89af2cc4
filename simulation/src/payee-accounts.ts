/** Payees change their bank accounts, and until a cool-down is over their payouts go to the one before. */
import { ask, counts, type Desk, decide } from "./desk.ts";
import { newAccount, OPENING_LETTER, type Payee } from "./payees.ts";

const HOUR_MS = 3_600_000;

/** One more account, entered by one person and verified by two. */
export async function changeAccount(desk: Desk, payee: Payee, whose: string): Promise<void> {
  const { world, luck } = desk;
  const wish = newAccount(payee, luck);
  const { status, body } = await ask(desk, "POST", `${payee.path}/bank_accounts`, wish);
  if (status !== 201) {
    world.violations.push(`a bank account was answered ${status} ${body.code}`);
    return;
  }
  const after = world.scheduler.now();
  const outcome = await decide(desk, "POST", `/v1/ops/bank_accounts/${body.id}/verify`, OPENING_LETTER);
  payee.accounts.set(body.id, { number: wish.number, verified: { after, before: world.scheduler.now() } });
  counts(desk, `a ${whose} changes its account: ${outcome}`);
}

/** Whether a payout that was made at an instant may go to the account; the very moments are open. */
export function mayGoTo({ accounts, coolDownHours }: Payee, id: string, at: Date): boolean {
  const usable = [...accounts].map(([account, { verified }], index) => {
    const coolDownMs = index === 0 ? 0 : coolDownHours * HOUR_MS;
    return {
      account,
      from: verified.after.getTime() + coolDownMs,
      certainlyFrom: verified.before.getTime() + coolDownMs,
    };
  });
  const own = usable.findIndex(({ account }) => account === id);
  if (own === -1 || (usable[own]?.from ?? 0) > at.getTime()) return false;
  return !usable.slice(own + 1).some(({ certainlyFrom }) => certainlyFrom < at.getTime());
}
