import type { FastifyInstance } from "fastify";
import { bodyOf, integerField, Refused, textField } from "../refuse.ts";
import type { StoreTx } from "../store/index.ts";
import { type BankDeps, book } from "./carry-out.ts";
import { type BankEntry, bankAccounts } from "./model.ts";

const amountMax = 1_000_000_000_000_000;

/** One withdrawal from what a channel owes, with the channel's number of it. */
export type Payout = { of: string; payoutNo: string; amount: bigint; currency: string };

/** What is asked of one who pays out. */
export type Withdrawal = {
  /** Absent: all that is there, less what it costs. */
  amount: bigint | undefined;
  /** What the channel charges for it, beside. */
  fee: bigint;
};

/**
 * Registers a channel's lever that pays out: `who` (all where absent), `amount` (all that is there where
 * absent), what each withdrawal costs (`fee`, where the channel has one) and the `bank_account` that gets it
 * all in one transfer; without one it does not arrive.
 */
export function registerPayout(
  app: FastifyInstance,
  deps: BankDeps,
  lever: {
    path: string;
    who: string;
    /** As the bank's statement names the channel. */
    payer: string;
    charges: boolean;
    /** Books the withdrawals; of all that could pay, those alone that have something. */
    payOut: (tx: StoreTx, who: string | undefined, asked: Withdrawal) => Promise<Payout[]>;
  },
): void {
  app.post(lever.path, async (request, reply) => {
    const body = bodyOf(request.body, [
      lever.who,
      "amount",
      "bank_account",
      ...(lever.charges ? ["fee"] : []),
    ]);
    const who = textField(body, lever.who, 64);
    const asked = integerField(body, "amount", 1, amountMax);
    if (asked !== undefined && who === undefined) {
      throw new Refused(400, "field_invalid", `amount is one ${lever.who}'s: name it.`);
    }
    const number = textField(body, "bank_account", 34);
    const withdrawal = {
      amount: asked === undefined ? undefined : BigInt(asked),
      fee: BigInt((lever.charges ? integerField(body, "fee", 0, amountMax) : undefined) ?? 0),
    };
    const { payouts, entry } = await deps.store.transaction(async (tx) => {
      const payouts = await lever.payOut(tx, who, withdrawal);
      if (payouts.length === 0) throw new Refused(409, "balance_short", "There is nothing to pay out.");
      const entry = number === undefined ? null : await credit(tx, deps, number, lever.payer, payouts);
      return { payouts, entry };
    });
    return reply.code(201).send({
      payouts: payouts.map(({ of, payoutNo, amount, currency }) => ({
        [lever.who]: of,
        payout_no: payoutNo,
        amount: Number(amount),
        currency,
      })),
      bank_entry: entry?.ref ?? null,
    });
  });
}

async function credit(
  tx: StoreTx,
  deps: BankDeps,
  number: string,
  name: string,
  payouts: readonly Payout[],
): Promise<BankEntry> {
  const account = await tx.lock(bankAccounts, number);
  if (!account) throw new Refused(404, "account_unknown", `There is no account ${number}.`);
  if (payouts.some(({ currency }) => currency !== account.currency)) {
    throw new Refused(409, "currency_differs", `The account is in ${account.currency}.`);
  }
  const amount = payouts.reduce((sum, payout) => sum + payout.amount, 0n);
  const nothing = { endToEndId: null, originalEndToEndId: null, messageId: null, returnCode: null };
  const ledger = { account };
  const entry = await book(tx, ledger, deps.clock.now(), {
    ...nothing,
    amount,
    name,
    number: null,
    info: null,
  });
  await tx.update(bankAccounts, ledger.account);
  return entry;
}
