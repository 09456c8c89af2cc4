import type { FastifyInstance } from "fastify";
import { bodyOf, Refused, textField } from "../refuse.ts";
import type { StoreReader } from "../store/index.ts";
import { accountOrRefusal } from "./accounts/service.ts";
import type { StripeDeps } from "./context.ts";
import { closeDay } from "./days.ts";
import { type Account, accounts, type Movement } from "./model.ts";
import { utcDate } from "./movement.ts";

const accountsMax = 10_000;

/** `POST /stripe/close-day` closes a UTC day as far as it has come, and says what its list comes to. */
export function registerCloseDay(app: FastifyInstance, deps: StripeDeps): void {
  app.post("/stripe/close-day", async (request) => {
    const body = bodyOf(request.body, ["account_id", "date"]);
    const today = utcDate(deps.clock.now());
    const date = textField(body, "date", 10) ?? today;
    const real = /^\d{4}-\d{2}-\d{2}$/.test(date) && !Number.isNaN(Date.parse(date));
    if (!real || date > today) {
      throw new Refused(400, "field_invalid", "date must be a UTC date, yyyy-MM-dd, not after today.");
    }
    const bills: object[] = [];
    for (const account of await accountsAsked(deps.store, textField(body, "account_id", 32))) {
      const rows = await closeDay(deps, account, date);
      for (const currency of [...new Set(rows.map((row) => row.currency))].sort()) {
        const own = rows.filter((row) => row.currency === currency);
        bills.push(viewDay(account, date, deps.clock.now(), currency, own));
      }
    }
    return { date, bills };
  });
}

/** The account of this id, or all. */
export async function accountsAsked(reader: StoreReader, id: string | undefined): Promise<Account[]> {
  if (id !== undefined) return [(await accountOrRefusal(reader, id)).account];
  return (await reader.list(accounts, { limit: accountsMax })).records.reverse();
}

function viewDay(
  account: Account,
  date: string,
  now: Date,
  currency: string,
  rows: readonly Movement[],
): object {
  const of = (type: Movement["type"]) => {
    const some = rows.filter((row) => row.type === type);
    return { count: some.length, amount: Number(sum(some, "amount")), fee: Number(sum(some, "fee")) };
  };
  return {
    account_id: account.id,
    date,
    published_at: now.toISOString(),
    currency: currency.toUpperCase(),
    rows: rows.length,
    payments: of("charge"),
    refunds: of("refund"),
    refund_failures: of("refund_failure"),
    adjustments: of("adjustment"),
    net: Number(sum(rows, "amount") - sum(rows, "fee")),
  };
}

function sum(rows: readonly Movement[], of: "amount" | "fee"): bigint {
  return rows.reduce((total, row) => total + row[of], 0n);
}
