import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { beijingDate, beijingDayStart } from "../../china/beijing.ts";
import { randomToken } from "../../clock.ts";
import { type BillType, billText, rowsOfType } from "../bill/csv.ts";
import { fundBillText } from "../bill/funds.ts";
import { billOfDay, fundsOfDay } from "../bill/service.ts";
import type { WechatDeps } from "../context.ts";
import { type BillTicket, billTickets } from "../model.ts";
import { type Answer, ok } from "../wire/answer.ts";
import { invalid, WechatRefusal } from "../wire/refusals.ts";
import { type Call, type Operation, subMerchantOf } from "./call.ts";

const linkLifetimeMs = 30_000;
const billTypes: readonly BillType[] = ["ALL", "SUCCESS", "REFUND"];
const fundAccounts = ["BASIC", "OPERATION", "FEES"];

/** `GET /v3/bill/tradebill`: a link to the day's bill, and what its content hashes to. */
const tradeBill: Operation = {
  name: "bill.trade",
  verb: "GET",
  path: "/v3/bill/tradebill",
  orderOf: async () => undefined,
  carryOut: async (deps, call) => {
    const date = billDateOf(deps, call);
    const type = billTypes.find((one) => one === (call.query.bill_type ?? "ALL"));
    if (!type) throw invalid("/bill_type", `应为${billTypes.join("、")}`, "query");
    const gzip = gzipAsked(call);
    const sub = call.query.sub_mchid === undefined ? null : subMerchantOf(call, call.query.sub_mchid);
    const found = await billOfDay(deps, call.merchant, date);
    if ("none" in found) {
      throw new WechatRefusal(found.none === "creating" ? "STATEMENT_CREATING" : "NO_STATEMENT_EXIST");
    }
    const rows = rowsOfType(found.bill.rows, type).filter((row) => sub === null || row.subMchid === sub);
    if (rows.length === 0) throw new WechatRefusal("NO_STATEMENT_EXIST");
    return ok(await link(deps, call, billText(rows, type), gzip));
  },
};

/** `GET /v3/bill/fundflowbill`: the same for what moved on one of the merchant's accounts. */
const fundFlowBill: Operation = {
  name: "bill.fundflow",
  verb: "GET",
  path: "/v3/bill/fundflowbill",
  orderOf: async () => undefined,
  carryOut: async (deps, call) => {
    const date = billDateOf(deps, call);
    const type = fundAccounts.find((one) => one === (call.query.account_type ?? "BASIC"));
    if (!type) throw invalid("/account_type", `应为${fundAccounts.join("、")}`, "query");
    const gzip = gzipAsked(call);
    const found = await fundsOfDay(deps, call.merchant, date);
    if ("none" in found) {
      throw new WechatRefusal(found.none === "creating" ? "STATEMENT_CREATING" : "NO_STATEMENT_EXIST");
    }
    // Nothing ever moves on the other two here.
    const movements = type === "BASIC" ? found.movements : [];
    if (movements.length === 0) throw new WechatRefusal("NO_STATEMENT_EXIST");
    return ok(await link(deps, call, fundBillText(movements), gzip));
  },
};

/** `GET /v3/billdownload/file`: the file itself, once; the answer carries no signature. */
const download: Operation = {
  name: "bill.download",
  verb: "GET",
  path: "/v3/billdownload/file",
  orderOf: async () => undefined,
  carryOut: async (deps, call) => {
    const ticket = await redeem(deps, call);
    const content = Buffer.from(ticket.content, "utf8");
    return fileAnswer(ticket.gzip ? gzipSync(content) : content, ticket.gzip);
  },
};

export const billOperations: readonly Operation[] = [tradeBill, fundFlowBill, download];

async function link(deps: WechatDeps, call: Call, content: string, gzip: boolean): Promise<object> {
  const ticket: BillTicket = {
    token: randomToken(deps.random, 24),
    mchid: call.merchant.mchid,
    content,
    gzip,
    expiresAt: new Date(deps.clock.now().getTime() + linkLifetimeMs),
  };
  await deps.store.transaction((tx) => tx.insert(billTickets, ticket));
  return {
    hash_type: "SHA1",
    hash_value: createHash("sha1").update(content, "utf8").digest("hex"),
    download_url: `${deps.url()}/wechat/v3/billdownload/file?token=${ticket.token}`,
  };
}

function redeem(deps: WechatDeps, call: Call): Promise<BillTicket> {
  return deps.store.transaction(async (tx) => {
    const ticket = await tx.lock(billTickets, call.query.token ?? "");
    const good = ticket && ticket.mchid === call.merchant.mchid && deps.clock.now() < ticket.expiresAt;
    if (!good) throw new WechatRefusal("INVALID_REQUEST", "下载地址无效或已过期，请重新申请账单");
    await tx.remove(billTickets, ticket.token);
    return ticket;
  });
}

function fileAnswer(content: Buffer, gzip: boolean): Answer {
  const type = gzip ? "application/x-gzip" : "text/plain; charset=utf-8";
  return { status: 200, body: null, file: { content, type } };
}

function billDateOf(deps: WechatDeps, call: Call): string {
  const date = call.query.bill_date ?? "";
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || !beijingDayStart(date)) {
    throw invalid("/bill_date", "应为yyyy-MM-DD格式的日期", "query");
  }
  if (date > beijingDate(deps.clock.now())) throw invalid("/bill_date", "晚于当前日期", "query");
  return date;
}

function gzipAsked(call: Call): boolean {
  const tarType = call.query.tar_type;
  if (tarType !== undefined && tarType !== "GZIP") throw invalid("/tar_type", "仅支持GZIP", "query");
  return tarType === "GZIP";
}
