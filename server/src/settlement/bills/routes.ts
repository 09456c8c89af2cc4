import { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Db } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import {
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../../kernel/http.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import { readDate } from "../dates.ts";
import { type BillLine, type BillPiece, billLines } from "./lines-store.ts";
import { billFile, daysOn, piecesOf, sectionsOf } from "./service.ts";
import { type Bill, billsOf } from "./store.ts";

export type BillRoutesDeps = {
  readonly db: Db;
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<{ readonly merchantId: Id }>;
};

const MERCHANT = { tags: ["Settlements"], security: [{ merchant: [] }] };
const DateParams = strictObject({ date: Type.String({ maxLength: 10, description: "yyyy-mm-dd" }) });
const CurrencyQuery = {
  currency: Type.Optional(
    Type.String({ ...CurrencySchema, description: "Needed where several currencies moved" }),
  ),
};
const BillQuery = strictObject({ ...PageQuery, ...CurrencyQuery });
const FileQuery = strictObject(CurrencyQuery);

const LineSchema = Type.Object({
  posted_at: InstantSchema,
  kind: Type.String(),
  payment: Type.Union([Type.String(), Type.Null()]),
  merchant_order_no: Type.Union([Type.String(), Type.Null()]),
  merchant_refund_no: Type.Union([Type.String(), Type.Null()]),
  amount: Type.Integer({ description: "Without the fee; what lowers your money is negative" }),
  fee: Type.Integer({ description: "Charged: negative; returned: positive" }),
  net: Type.Integer(),
  journal: Type.String(),
});
const BillSchema = Type.Object({
  date: Type.String(),
  currency: Type.String(),
  lines: Type.Integer(),
  payments: Type.Integer(),
  payments_amount: Type.Integer(),
  refunds: Type.Integer(),
  refunds_amount: Type.Integer(),
  fees: Type.Integer(),
  others: Type.Integer(),
  total: Type.Integer({ description: "What the date did to your money, payouts apart" }),
  sha256: Type.String({ description: "Of the CSV file, byte for byte, in hex" }),
  made_at: InstantSchema,
  data: Type.Array(LineSchema),
  next_cursor: Type.Union([Type.String(), Type.Null()]),
});

/** Adds `/v1/bills/{date}` and its file. */
export function billRoutes(http: Http, deps: BillRoutesDeps): void {
  http.get<Input<never, typeof DateParams, typeof BillQuery>>(
    "/v1/bills/:date",
    {
      schema: {
        ...MERCHANT,
        operationId: "getBill",
        summary: "Show the bill of a closed date, with its lines page by page",
        description:
          "Payments, refunds and fees of the date. It is there once the date is closed; it never changes.",
        params: DateParams,
        querystring: BillQuery,
        response: { 200: BillSchema, ...problems(400, 401, 404) },
      },
    },
    async (request) => {
      const bill = await findBill(deps, request, request.params.date, request.query.currency);
      const limit = readLimit(request.query.limit);
      const pieces = await piecesAfter(deps.db, bill, request.query.cursor);
      const rows = await readLines(deps.db, pieces, limit + 1);
      return {
        ...presentBill(bill),
        ...pageOf(rows, limit, ({ accountId, line }) => [accountId, String(line.seq)], presentLine),
      };
    },
  );
  http.get<Input<never, typeof DateParams, typeof FileQuery>>(
    "/v1/bills/:date(^\\d{4}-\\d{2}-\\d{2}).csv",
    {
      schema: {
        ...MERCHANT,
        operationId: "getBillFile",
        summary: "Fetch the bill of a closed date as a CSV file",
        params: DateParams,
        querystring: FileQuery,
        response: {
          200: { content: { "text/csv": { schema: Type.String() } }, description: "The file" },
          ...problems(400, 401, 404),
        },
      },
    },
    async (request, reply) => {
      const bill = await findBill(deps, request, request.params.date, request.query.currency);
      const name = `bill-${bill.accountingDate}-${bill.currency}.csv`;
      return reply
        .header("content-type", "text/csv; charset=utf-8")
        .header("content-disposition", `attachment; filename="${name}"`)
        .header("x-content-sha256", bill.hash.toString("hex"))
        .send(Readable.from(billFile(deps.db, bill, bill.accountingDate)));
    },
  );
}

async function findBill(
  { db, authenticateMerchant }: BillRoutesDeps,
  request: FastifyRequest,
  text: string,
  currency: string | undefined,
): Promise<Bill> {
  const { merchantId } = await authenticateMerchant(request);
  const date = readDate(text, "date");
  const all = await billsOf(db, merchantId, date);
  const bills = all.filter((bill) => currency === undefined || bill.currency === currency);
  const [bill, another] = bills;
  if (bill === undefined) {
    throw problem("not_found", {
      detail: "there is no bill: the date is not closed yet, or nothing moved on it",
    });
  }
  if (another !== undefined) {
    throw problem("invalid_request", {
      field: "query.currency",
      detail: `name one of the currencies that moved: ${bills.map((one) => one.currency).join(", ")}`,
    });
  }
  return bill;
}

/** What is left of a bill after a cursor's line. Throws `cursor_invalid`. */
async function piecesAfter(db: Db, bill: Bill, cursor: string | undefined): Promise<BillPiece[]> {
  const sections = sectionsOf(bill, await daysOn(db, [bill], bill.accountingDate));
  const place = decodeCursor(cursor, 2);
  if (place === null) return piecesOf(sections);
  const [accountId = "", seqText = ""] = place;
  const at = sections.findIndex((section) => section.accountId === accountId);
  if (at < 0 || !/^[1-9][0-9]{0,17}$/.test(seqText)) {
    throw problem("cursor_invalid", { field: "query.cursor" });
  }
  const seq = BigInt(seqText);
  return piecesOf(
    sections.slice(at).map((section, index) => (index === 0 ? { ...section, fromSeq: seq + 1n } : section)),
  );
}

type Placed = { readonly accountId: Id; readonly line: BillLine };

async function readLines(db: Db, pieces: readonly BillPiece[], limit: number): Promise<Placed[]> {
  const found: Placed[] = [];
  for (const piece of pieces) {
    if (found.length >= limit) break;
    const lines = await billLines(db, [piece], limit - found.length);
    found.push(...lines.map((line) => ({ accountId: piece.accountId, line })));
  }
  return found;
}

function presentBill(bill: Bill) {
  return {
    date: bill.accountingDate,
    currency: bill.currency,
    lines: bill.lines,
    payments: bill.payments,
    payments_amount: Number(bill.paymentsAmount),
    refunds: bill.refunds,
    refunds_amount: Number(bill.refundsAmount),
    fees: Number(bill.fees),
    others: Number(bill.others),
    total: Number(bill.total),
    sha256: bill.hash.toString("hex"),
    made_at: bill.madeAt.toISOString(),
  };
}

function presentLine({ line }: Placed) {
  return {
    posted_at: line.postedAt.toISOString(),
    kind: line.kind,
    payment: line.subjectId === null ? null : formatId("pay", line.subjectId),
    merchant_order_no: line.merchantOrderNo,
    merchant_refund_no: line.merchantRefundNo,
    amount: Number(line.amount),
    fee: Number(line.fee),
    net: Number(line.amount + line.fee),
    journal: formatId("jnl", line.journalId),
  };
}
