import type { FastifyInstance } from "fastify";
import { beijingDayStart, formatBeijing } from "../../china/beijing.ts";
import { bodyOf, Refused, textField } from "../../refuse.ts";
import type { UnionpayDeps } from "../context.ts";
import { merchantOrRefusal } from "../merchants/service.ts";
import { type BookEntry, type Merchant, merchants, type Statement } from "../model.ts";
import { clearingDate } from "../wire/time.ts";
import { publishStatement } from "./service.ts";

const merchantsMax = 10_000;

/** `POST /unionpay/close-day` publishes the statement of a clearing day as far as it has come. */
export function registerUnionpayBillRoutes(app: FastifyInstance, deps: UnionpayDeps): void {
  app.post("/unionpay/close-day", async (request) => {
    const body = bodyOf(request.body, ["mer_id", "date"]);
    const today = clearingDate(deps.clock.now());
    const date = textField(body, "date", 10) ?? today;
    if (!beijingDayStart(date) || date > today) {
      const message = `date must be a clearing day, yyyy-MM-dd, not after today's, which is ${today}.`;
      throw new Refused(400, "field_invalid", message);
    }
    const published: object[] = [];
    for (const { merId } of await merchantsAsked(deps, textField(body, "mer_id", 32))) {
      published.push(viewStatement(await publishStatement(deps, merId, date)));
    }
    return { date, bills: published };
  });
}

async function merchantsAsked(deps: UnionpayDeps, merId: string | undefined): Promise<Merchant[]> {
  if (merId !== undefined) return [await merchantOrRefusal(deps.store, merId)];
  return (await deps.store.list(merchants, { limit: merchantsMax })).records.reverse();
}

function viewStatement({ merId, date, publishedAt, rows }: Statement): object {
  const of = (kind: BookEntry["kind"]) => {
    const kept = rows.filter((row) => row.kind === kind);
    const sum = (what: "amount" | "fee") => Number(kept.reduce((total, row) => total + row[what], 0n));
    return { count: kept.length, amount: sum("amount"), fee: sum("fee") };
  };
  const [payments, refunds, voids] = [of("payment"), of("refund"), of("void")];
  const net = (part: typeof payments) => part.amount - part.fee;
  return {
    mer_id: merId,
    date,
    published_at: publishedAt.toISOString(),
    published_at_beijing: formatBeijing(publishedAt),
    currency: "CNY",
    rows: rows.length,
    payments,
    refunds,
    voids,
    net: net(payments) - net(refunds) - net(voids),
  };
}
