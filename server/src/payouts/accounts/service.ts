/**
 * Payees' bank accounts. An account is entered by one person and verified by two, from evidence that they
 * have in writing (an account-opening letter, a bank's confirmation): its holder must be the payee's
 * registered name. A change waits for its cool-down; payouts go on to the account before until it is over.
 */
import { HOUR, plus } from "../../kernel/clock.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { type BankAccount, DEFAULT_TERMS, type Payee } from "../model.ts";
import { isSameName } from "../names.ts";
import { findPayee, formatPayee, getPayee, requireCurrency } from "../payees/payee.ts";
import { passOpen } from "../payout/unsent.ts";
import { hashesOf, hashOf, lastOf, openNumber, readBankCode, readNumber, sealNumber } from "./number.ts";
import * as store from "./store.ts";

export const VERIFY_KIND = "bank_account.verify";

export type NewBankAccount = {
  readonly currency: Currency;
  readonly holderName: string;
  readonly number: string;
  readonly bankCode: string;
  readonly bankName: string | null;
};

/**
 * Enters an account. Throws `not_found`, `currency_not_supported`, and `invalid_request` for a malformed
 * number or bank code and for a holder who is not the payee.
 */
export async function addBankAccount(
  deps: PayoutsDeps,
  actor: Actor,
  payee: Payee,
  wanted: NewBankAccount,
): Promise<{ account: BankAccount; made: boolean }> {
  const known = await getPayee(deps, payee);
  requireCurrency(known, wanted.currency);
  if (!isSameName(wanted.holderName, known.registeredName)) {
    throw problem("invalid_request", {
      field: "holder_name",
      detail: `the holder is not the ${payee.payeeKind} by its registered name; payouts go to nobody else`,
    });
  }
  const number = readNumber(wanted.number);
  const id = deps.cell.newId();
  const account: BankAccount = {
    id,
    payeeKind: payee.payeeKind,
    payeeId: payee.payeeId,
    currency: wanted.currency,
    holderName: wanted.holderName.trim(),
    bankCode: readBankCode(wanted.bankCode),
    bankName: wanted.bankName,
    numberSealed: await sealNumber(deps.keyring, id, number),
    numberHash: hashOf(deps.keyring, number),
    numberLast: lastOf(number),
    state: "unverified",
    evidence: null,
    verifiedBy: null,
    verifiedAt: null,
    usableFrom: null,
    disabledAt: null,
    createdBy: actor.operator.id,
    createdAt: deps.cell.clock.now(),
  };
  const made = await deps.platform.transact(async (tx) => {
    const first = await deps.operators.firstTime(tx, actor, id);
    if (first !== id) return first;
    await store.insertBankAccount(tx, account);
    await deps.operators.audit(tx, actor, {
      action: "bank_account.entered",
      subject: formatId("bac", id),
      before: null,
      after: {
        payee: formatPayee(payee),
        holder_name: account.holderName,
        ends_in: lastOf(number),
      },
    });
    return id;
  });
  if (made === id) return { account, made: true };
  return { account: await getBankAccount(deps, made), made: false };
}

/** Throws `not_found`. */
export async function getBankAccount(deps: PayoutsDeps, id: Id): Promise<BankAccount> {
  const account = await store.bankAccountById(deps.platform.db, id);
  if (account === null) throw problem("not_found");
  return account;
}

/** Newest first; `number` finds every account with that number, whoever's it is. */
export function findBankAccounts(
  deps: PayoutsDeps,
  filter: { readonly payeeId: Id | null; readonly number: string | null },
  before: Id | null,
  limit: number,
): Promise<BankAccount[]> {
  const { payeeId, number } = filter;
  const numberHashes = number === null ? null : hashesOf(deps.keyring, readNumber(number));
  return store.listBankAccounts(deps.platform.db, { payeeId, numberHashes }, before, limit);
}

/** Throws `not_found`, `conflict`. */
export async function proposeVerification(
  deps: PayoutsDeps,
  actor: Actor,
  id: Id,
  evidence: string,
): Promise<Approval> {
  const account = await getBankAccount(deps, id);
  if (account.state !== "unverified")
    throw problem("conflict", { detail: `the account is ${account.state}` });
  return deps.operators.propose(actor, {
    kind: VERIFY_KIND,
    subject: formatId("bac", id),
    payload: {
      payee: formatPayee(account),
      holder_name: account.holderName,
      bank_code: account.bankCode,
      ends_in: account.numberLast,
      evidence,
    },
    reason: evidence,
  });
}

/** Carries out an approved verification, comparing the names once more. */
export function verifyAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: VERIFY_KIND,
    permission: "payouts.approve",
    carryOut: async (approval) => {
      const id = parseId("bac", approval.subject);
      if (id === null) return { refused: `${approval.subject} is no bank account` };
      return verify(deps, await getBankAccount(deps, id), approval);
    },
  };
}

async function verify(
  deps: PayoutsDeps,
  seen: BankAccount,
  approval: Approval,
): Promise<{ done: true } | { refused: string }> {
  const payee = await findPayee(deps, seen);
  const terms = await store.termsOf(deps.platform.db, seen.payeeId, seen.currency);
  const { coolDownHours } = terms ?? DEFAULT_TERMS;
  return deps.platform.transact(async (tx) => {
    const accounts = await store.lockBankAccountsOf(tx, seen.payeeId);
    const account = accounts.find(({ id }) => id === seen.id);
    if (account === undefined || payee === null) return { refused: "the account is not there" };
    if (account.state === "verified") return { done: true as const };
    if (account.state === "disabled") return { refused: "the account was disabled" };
    if (!isSameName(account.holderName, payee.registeredName)) {
      return { refused: "the holder is not the payee's registered name any more" };
    }
    const at = deps.cell.clock.now();
    // The first account waits for nothing: there is no other one that a thief could be turning payouts from.
    const isChange = accounts.some(
      (other) => other.currency === account.currency && other.verifiedAt !== null,
    );
    await store.updateBankAccount(tx, {
      ...account,
      state: "verified",
      evidence: String(approval.payload.evidence),
      verifiedBy: approval.decidedBy,
      verifiedAt: at,
      usableFrom: isChange ? plus(at, coolDownHours * HOUR) : at,
    });
    return { done: true as const };
  });
}

/**
 * Stops payouts to an account at once; one person may, since no money moves. No sending to it begins, for the
 * first time or again, once this has answered: see payout/unsent.ts. Throws `not_found`.
 */
export async function disableBankAccount(deps: PayoutsDeps, actor: Actor, id: Id): Promise<BankAccount> {
  const seen = await getBankAccount(deps, id);
  const stopped = await deps.platform.transact(async (tx) => {
    const locked = await store.lockBankAccountsOf(tx, seen.payeeId);
    const account = locked.find((one) => one.id === id) ?? seen;
    if (account.state === "disabled") return account;
    const disabled: BankAccount = { ...account, state: "disabled", disabledAt: deps.cell.clock.now() };
    await store.updateBankAccount(tx, disabled);
    await deps.operators.audit(tx, actor, {
      action: "bank_account.disabled",
      subject: formatId("bac", id),
      before: { state: account.state },
      after: { state: "disabled" },
    });
    return disabled;
  });
  await passOpen(deps.cell, seen.payeeId);
  return stopped;
}

const PAGE = 100;

/** Wraps numbers anew after the master key was replaced; gives how many. Safe to repeat. */
export async function rewrapBankAccounts(deps: PayoutsDeps): Promise<number> {
  let rewrapped = 0;
  let after: Id | null = null;
  for (;;) {
    const rows: BankAccount[] = await store.bankAccountsAfter(deps.platform.db, after, PAGE);
    for (const row of rows) {
      if (!deps.keyring.isStale(row.numberSealed)) continue;
      const text = await openNumber(deps.keyring, row);
      const sealed = {
        number: await sealNumber(deps.keyring, row.id, text),
        hash: hashOf(deps.keyring, text),
      };
      rewrapped += await deps.platform.transact((tx) => store.resealBankAccount(tx, row, sealed));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return rewrapped;
    after = last.id;
  }
}
