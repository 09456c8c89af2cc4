import { beijingDate, beijingDayStart } from "../../china/beijing.ts";
import { randomToken } from "../../clock.ts";
import { fundsOf, linesOf } from "../bill/service.ts";
import { billTickets } from "../model.ts";
import { failure, success } from "../wire/answer.ts";
import type { Method } from "./call.ts";

/** How long a download link is good for. */
const ticketLifetimeMs = 30_000;
const earliest = "2016-01-01";

/**
 * alipay.data.dataservice.bill.downloadurl.query: where a day's or a month's business bill, or a day's
 * account bill, can be fetched, for half a minute.
 */
export const billDownloadUrl: Method = async (deps, call) => {
  const type = call.biz.text("bill_type", 20);
  const date = call.biz.text("bill_date", 15);
  if (type !== "trade" && type !== "signcustomer") return invalidArguments("bill_type");
  if (date === null || !isBillDate(date) || date < earliest || date > beijingDate(deps.clock.now())) {
    return invalidArguments("bill_date");
  }
  const { sellerId } = call.seller;
  const find = type === "trade" ? linesOf : fundsOf;
  const found = await find(deps, sellerId, call.app.appId, date);
  if (!found) return failure("40004", "isp.bill_not_exist", "账单不存在");

  const token = randomToken(deps.random, 24);
  const expiresAt = new Date(deps.clock.now().getTime() + ticketLifetimeMs);
  const ticket = { token, sellerId, appId: call.app.appId, date, type, expiresAt } as const;
  await deps.store.transaction((tx) => tx.insert(billTickets, ticket));
  const query = new URLSearchParams({
    bizType: type,
    userId: `${sellerId}0156`,
    fileType: "csv.zip",
    bizDates: date.replaceAll("-", ""),
    downloadFileName: `${sellerId}0156_${date.replaceAll("-", "")}.csv.zip`,
    token,
  });
  return success({ bill_download_url: `${deps.url()}/downloadBillFile.resource?${query.toString()}` });
};

function isBillDate(date: string): boolean {
  const day = /^\d{4}-\d{2}$/.test(date) ? `${date}-01` : date;
  return beijingDayStart(day) !== undefined;
}

function invalidArguments(name: string) {
  return failure("40004", "isv.invalid-arguments", `参数有误: ${name}`);
}
