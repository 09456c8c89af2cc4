/** Our own accounts at banks, and merchants' terms: what a payout goes by, each set by two people. */
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { type Currency, isCurrency } from "../../kernel/money.ts";
import { settlesIn } from "../../merchants/index.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection } from "../model.ts";
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
  const present = await store.connectionByName(deps.platform.db, wanted.name);
  if (present !== null && present.currency !== wanted.currency) {
    throw problem("invalid_request", {
      field: "currency",
      detail: `the connection is in ${present.currency}`,
    });
  }
  return deps.operators.propose(actor, {
    kind: SET_CONNECTION_KIND,
    subject: wanted.name,
    payload: {
      ...wanted,
      url: wanted.url.replace(/\/+$/, ""),
      accountNumber: readNumber(wanted.accountNumber),
    },
    reason: null,
  });
}

export function connectionAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: SET_CONNECTION_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload }) => {
      const wanted = payload as unknown as BankConnection;
      const at = deps.cell.clock.now();
      const set = await deps.platform.transact((tx) => store.setConnection(tx, wanted, at), {
        repeatable: true,
      });
      return set ? { done: true } : { refused: "a connection of this name is in another currency" };
    },
  };
}

/** Throws `not_found`, `currency_not_supported`. */
export async function proposeTerms(
  deps: PayoutsDeps,
  actor: Actor,
  merchantId: Id,
  wanted: { readonly currency: Currency; readonly fee: bigint; readonly coolDownHours: number },
): Promise<Approval> {
  const merchant = await deps.merchants.get(merchantId);
  if (merchant === null) throw problem("not_found");
  if (!settlesIn(merchant, wanted.currency)) {
    throw problem("currency_not_supported", {
      field: "currency",
      detail: "the merchant does not settle in it",
    });
  }
  return deps.operators.propose(actor, {
    kind: SET_TERMS_KIND,
    subject: formatId("mch", merchantId),
    payload: { currency: wanted.currency, fee: Number(wanted.fee), cool_down_hours: wanted.coolDownHours },
    reason: null,
  });
}

export function termsAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: SET_TERMS_KIND,
    permission: "payouts.approve",
    carryOut: async ({ subject, payload }) => {
      const merchantId = parseId("mch", subject);
      if (merchantId === null) return { refused: `${subject} is no merchant` };
      const terms = { fee: BigInt(Number(payload.fee)), coolDownHours: Number(payload.cool_down_hours) };
      const of = { merchantId, currency: String(payload.currency) };
      const at = deps.cell.clock.now();
      await deps.platform.transact((tx) => store.setTerms(tx, of, terms, at), { repeatable: true });
      return { done: true };
    },
  };
}
