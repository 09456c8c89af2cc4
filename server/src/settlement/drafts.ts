/** The journals of settlements and reserves: the rows `settlement; reserve released` of the posting table. */
import type { Id } from "../kernel/ids.ts";
import { type AccountCode, accountIdOf, bookIdOf, type JournalDraft } from "../ledger/index.ts";
import type { Settlement } from "./model.ts";
import type { Reserve } from "./settle/finish-store.ts";

type Owned = { readonly merchantId: Id; readonly currency: string };

/** One account of a merchant's book. */
export function merchantAccount({ merchantId, currency }: Owned, code: AccountCode): Id {
  return accountIdOf(bookIdOf("merchant", merchantId), code, currency, null);
}

/** What a settlement moves, under the journal id that it names; without one where its items sum to zero. */
export function settlementDraft(settlement: Settlement, id: Id): JournalDraft {
  const at = (code: AccountCode) => merchantAccount(settlement, code);
  return {
    ...headOf(settlement, "settlement", settlement.id, id),
    lines: [
      { account: at("merchant_pending"), debit: settlement.amount },
      { account: at("merchant_receivable"), credit: settlement.recovered },
      { account: at("merchant_reserve"), credit: settlement.reserved },
      { account: at("merchant_available"), credit: settlement.available },
    ],
  };
}

export function reserveDraft(reserve: Reserve, id: Id): JournalDraft {
  const at = (code: AccountCode) => merchantAccount(reserve, code);
  return {
    ...headOf(reserve, "reserve_released", reserve.settlementId, id),
    lines: [
      { account: at("merchant_reserve"), debit: reserve.amount },
      // It was kept for what he might come to owe.
      { repay: [at("merchant_receivable"), at("merchant_available")], credit: reserve.amount },
    ],
  };
}

function headOf(owned: Owned, kind: JournalDraft["kind"], sourceId: Id, id: Id): Omit<JournalDraft, "lines"> {
  return {
    id,
    bookId: bookIdOf("merchant", owned.merchantId),
    kind,
    sourceId,
    subjectId: null,
    counterpartyId: null,
    channelAccountId: null,
    currency: owned.currency,
    channelDate: null,
  };
}
