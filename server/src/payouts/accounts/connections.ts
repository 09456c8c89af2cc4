/** Our own accounts at banks, and payees' terms: what a payout goes by, each set by two people. */
import { problem } from "../../kernel/errors.ts";
import { type Currency, isCurrency } from "../../kernel/money.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection, Payee, PayoutTerms } from "../model.ts";
import { formatPayee, getPayee, parsePayee, requireCurrency } from "../payees/payee.ts";
import { readBankCode, readNumber } from "./number.ts";
import * as store from "./store.ts";

export const SET_CONNECTION_KIND = "bank_connection.set";
export const SET_TERMS_KIND = "payout_terms.set";

/** Throws `invalid_request`; in production for an address that is neither https nor inside. */
export async function proposeConnection(
  deps: PayoutsDeps,
  actor: Actor,
  wanted: BankConnection,
): Promise<Approval> {
  const url = URL.parse(wanted.url);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw problem("invalid_request", { field: "url", detail: "url is the bank's address, http or https" });
  }
  if (!isCurrency(wanted.currency)) {
    throw problem("invalid_request", { field: "currency", detail: "the currency is not known here" });
  }
  readBankCode(wanted.bankCode);
  const accountNumber = readNumber(wanted.accountNumber, "account_number");
  await refuseOtherAccount(deps, { ...wanted, accountNumber });
  return deps.operators.propose(actor, {
    kind: SET_CONNECTION_KIND,
    subject: wanted.name,
    payload: { ...wanted, url: wanted.url.replace(/\/+$/, ""), accountNumber },
    reason: null,
  });
}

/**
 * A connection stays the account that it was made for: its batches may be on their way, and what another
 * account's bank says of them is no word of theirs.
 */
async function refuseOtherAccount({ platform }: PayoutsDeps, wanted: BankConnection): Promise<void> {
  const present = await store.connectionByName(platform.db, wanted.name);
  const fixed = [
    ["currency", present?.currency, wanted.currency],
    ["account_number", present?.accountNumber, wanted.accountNumber],
    ["holds", present?.holds, wanted.holds],
  ] as const;
  const changed = fixed.find(([, is, wished]) => is !== undefined && is !== wished);
  if (changed !== undefined) {
    const [field] = changed;
    throw problem("invalid_request", {
      field,
      detail: `the connection ${wanted.name} has another ${field}; give this one a name of its own`,
    });
  }
  const other = await store.connectionByAccount(platform.db, wanted.accountNumber);
  if (other === null || other.name === wanted.name) return;
  throw problem("invalid_request", {
    field: "account_number",
    detail: `the account is the connection ${other.name}`,
  });
}

export function connectionAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: SET_CONNECTION_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload }) => {
      const wanted = payload as unknown as BankConnection;
      const at = deps.cell.clock.now();
      const other = await store.connectionByAccount(deps.platform.db, wanted.accountNumber);
      if (other !== null && other.name !== wanted.name) return { refused: `the account is ${other.name}` };
      const set = await deps.platform.transact((tx) => store.setConnection(tx, wanted, at), {
        repeatable: true,
      });
      return set ? { done: true } : { refused: "a connection of this name is another account" };
    },
  };
}

/** Throws `not_found`, `currency_not_supported`. */
export async function proposeTerms(
  deps: PayoutsDeps,
  actor: Actor,
  payee: Payee,
  wanted: PayoutTerms & { readonly currency: Currency },
): Promise<Approval> {
  requireCurrency(await getPayee(deps, payee), wanted.currency);
  return deps.operators.propose(actor, {
    kind: SET_TERMS_KIND,
    subject: formatPayee(payee),
    payload: {
      currency: wanted.currency,
      fee: Number(wanted.fee),
      minimum: Number(wanted.minimum),
      cool_down_hours: wanted.coolDownHours,
    },
    reason: null,
  });
}

export function termsAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: SET_TERMS_KIND,
    permission: "payouts.approve",
    carryOut: async ({ subject, payload }) => {
      const payee = parsePayee(subject);
      if (payee === null) return { refused: `${subject} is nobody who is paid` };
      const terms = {
        fee: BigInt(Number(payload.fee)),
        minimum: BigInt(Number(payload.minimum ?? 0)),
        coolDownHours: Number(payload.cool_down_hours),
      };
      const of = { payeeId: payee.payeeId, currency: String(payload.currency) };
      const at = deps.cell.clock.now();
      await deps.platform.transact((tx) => store.setTerms(tx, of, terms, at), { repeatable: true });
      return { done: true };
    },
  };
}
