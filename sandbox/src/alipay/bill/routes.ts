import type { FastifyInstance } from "fastify";
import { beijingDate, beijingDayStart, formatBeijing } from "../../china/beijing.ts";
import { bodyOf, Refused, textField } from "../../refuse.ts";
import { appOrRefusal } from "../apps/service.ts";
import type { AlipayDeps } from "../context.ts";
import { type Bill, billTickets } from "../model.ts";
import { billAccount, totalsOf } from "./csv.ts";
import { billArchive, fundsArchive, fundsOf, linesOf, publishBill, sellersOf } from "./service.ts";

/** `POST /alipay/close-day` publishes; the file is fetched from where the downloadurl query says. */
export function registerBillRoutes(app: FastifyInstance, deps: AlipayDeps): void {
  app.post("/alipay/close-day", async (request) => {
    const body = bodyOf(request.body, ["app_id", "date"]);
    const today = beijingDate(deps.clock.now());
    const date = textField(body, "date", 10) ?? today;
    if (!beijingDayStart(date) || date > today) {
      throw new Refused(400, "field_invalid", "date must be a Beijing date, yyyy-MM-dd, not after today.");
    }
    const appId = textField(body, "app_id", 32) ?? null;
    if (appId !== null) await appOrRefusal(deps.store, appId);
    const published: object[] = [];
    for (const seller of await sellersOf(deps.store, appId)) {
      const bill = await publishBill(deps, seller.sellerId, seller.appId, date);
      published.push({ app_id: seller.appId, ...viewBill(bill) });
    }
    return { date, bills: published };
  });
  app.get("/downloadBillFile.resource", async (request, reply) => {
    const { token } = request.query as { token?: string };
    const ticket = await deps.store.get(billTickets, token ?? "");
    const now = deps.clock.now();
    if (!ticket || now >= ticket.expiresAt) {
      throw new Refused(
        403,
        "bill_link_expired",
        "The link is unknown or past its 30 seconds; ask for a new one.",
      );
    }
    const { sellerId, appId, date } = ticket;
    const label = date.replaceAll("-", "");
    const file =
      ticket.type === "signcustomer"
        ? await fundsFile(deps, sellerId, appId, { date, label })
        : await tradeFile(deps, sellerId, appId, { date, label, now });
    if (!file) throw new Refused(404, "bill_unknown", "There is no such bill any more.");
    return reply
      .type("application/zip")
      .header("content-disposition", `attachment; filename="${billAccount(sellerId)}_${label}.csv.zip"`)
      .send(file);
  });
}

async function tradeFile(
  deps: AlipayDeps,
  sellerId: string,
  appId: string,
  { date, label, now }: { date: string; label: string; now: Date },
): Promise<Buffer | undefined> {
  const found = await linesOf(deps, sellerId, appId, date);
  return found && billArchive(found.period, label, found.rows, found.exportedAt ?? now);
}

async function fundsFile(
  deps: AlipayDeps,
  sellerId: string,
  appId: string,
  { date, label }: { date: string; label: string },
): Promise<Buffer | undefined> {
  const found = await fundsOf(deps, sellerId, appId, date);
  return found && fundsArchive(found, label);
}

function viewBill(bill: Bill): object {
  const totals = totalsOf(bill.rows);
  const net = totals.paymentReceipt - totals.paymentFee - totals.refundReceipt + totals.refundFee;
  return {
    seller_id: bill.sellerId,
    date: bill.date,
    published_at: bill.publishedAt.toISOString(),
    published_at_beijing: formatBeijing(bill.publishedAt),
    currency: "CNY",
    rows: bill.rows.length,
    payments: {
      count: totals.payments,
      amount: Number(totals.paymentTotal),
      receipt: Number(totals.paymentReceipt),
      fee: Number(totals.paymentFee),
    },
    refunds: {
      count: totals.refunds,
      amount: Number(totals.refundTotal),
      receipt: Number(totals.refundReceipt),
      fee: Number(totals.refundFee),
    },
    net: Number(net),
  };
}
