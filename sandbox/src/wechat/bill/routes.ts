import type { FastifyInstance } from "fastify";
import { beijingDate, beijingDayStart, formatBeijing } from "../../china/beijing.ts";
import { bodyOf, Refused, textField } from "../../refuse.ts";
import type { StoreReader } from "../../store/index.ts";
import type { WechatDeps } from "../context.ts";
import { merchantOrRefusal } from "../merchants/service.ts";
import { type Bill, type Merchant, merchants } from "../model.ts";
import { totalsOf } from "./csv.ts";
import { publishBill } from "./service.ts";

const merchantsMax = 10_000;

/** `POST /wechat/close-day` publishes the trade bill of a day as far as it has come. */
export function registerWechatBillRoutes(app: FastifyInstance, deps: WechatDeps): void {
  app.post("/wechat/close-day", async (request) => {
    const body = bodyOf(request.body, ["mchid", "date"]);
    const today = beijingDate(deps.clock.now());
    const date = textField(body, "date", 10) ?? today;
    if (!beijingDayStart(date) || date > today) {
      throw new Refused(400, "field_invalid", "date must be a Beijing date, yyyy-MM-dd, not after today.");
    }
    const published: object[] = [];
    for (const merchant of await merchantsAsked(deps.store, textField(body, "mchid", 32))) {
      published.push(viewBill(await publishBill(deps, merchant, date)));
    }
    return { date, bills: published };
  });
}

/** The merchant of this number, or all. */
export async function merchantsAsked(reader: StoreReader, mchid: string | undefined): Promise<Merchant[]> {
  if (mchid !== undefined) return [await merchantOrRefusal(reader, mchid)];
  return (await reader.list(merchants, { limit: merchantsMax })).records.reverse();
}

function viewBill(bill: Bill): object {
  const { payments, refunds } = totalsOf(bill.rows);
  const view = (of: typeof payments) => ({
    count: of.count,
    amount: Number(of.total),
    receipt: Number(of.settlement),
    fee: Number(of.fee),
  });
  return {
    mchid: bill.mchid,
    date: bill.date,
    published_at: bill.publishedAt.toISOString(),
    published_at_beijing: formatBeijing(bill.publishedAt),
    currency: "CNY",
    rows: bill.rows.length,
    payments: view(payments),
    refunds: view(refunds),
    net: Number(payments.settlement - payments.fee - refunds.settlement + refunds.fee),
  };
}
