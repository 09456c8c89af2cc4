import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { type MerchantIdentity, settlesIn } from "../../merchants/index.ts";
import type { SettleDeps } from "../settle/deps.ts";
import { type AccountStatement, periodOf, type Statement } from "./model.ts";
import { pdfOf } from "./pdf.ts";
import { readStatement } from "./service.ts";
import { csvOf } from "./table.ts";
import { xlsxOf } from "./xlsx.ts";

export type StatementRoutesDeps = Pick<SettleDeps, "cell"> & {
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
};

const FORMATS = ["json", "csv", "xlsx", "pdf"] as const;
type Format = (typeof FORMATS)[number];

const Params = strictObject({
  period: Type.String({ maxLength: 21, description: "2026-11, or 2026-11-01_2026-11-15: at most 366 days" }),
});
const Query = strictObject({
  currency: Type.Optional(CurrencySchema),
  format: Type.Optional(Type.Enum([...FORMATS])),
});
const Amount = Type.Integer({ description: "In minor units" });
const balances = { opening: Amount, added: Amount, taken: Amount, closing: Amount };
const StatementSchema = Type.Object({
  merchant: Type.String(),
  currency: Type.String(),
  from: Type.String(),
  to: Type.String({ description: "The last closed date where the period is not over" }),
  accounts: Type.Array(
    Type.Object({
      code: Type.String(),
      ...balances,
      days: Type.Array(Type.Object({ date: Type.String(), ...balances })),
    }),
  ),
});

/** Adds `/v1/statements/{period}`. */
export function statementRoutes(http: Http, deps: StatementRoutesDeps): void {
  http.get<Input<never, typeof Params, typeof Query>>(
    "/v1/statements/:period",
    {
      schema: {
        tags: ["Settlements"],
        security: [{ merchant: [] }],
        operationId: "getStatement",
        summary: "Show your accounts from opening to closing balance over a month or some days",
        description:
          "Closed dates only; each figure is the ledger's. `format` csv, xlsx or pdf gives a file, whose " +
          "amounts are decimals of the major unit.",
        params: Params,
        querystring: Query,
        response: { 200: StatementSchema, ...problems(400, 401, 404) },
      },
    },
    async (request, reply) => {
      const { merchantId, merchant } = await deps.authenticateMerchant(request);
      const period = periodOf(request.params.period);
      if (period === null) {
        throw problem("invalid_request", {
          field: "period",
          detail: "a period is a month, 2026-11, or two dates, 2026-11-01_2026-11-15, of at most 366 days",
        });
      }
      const currency = request.query.currency ?? (merchant.currencies[0]?.currency as string);
      if (!settlesIn(merchant, currency)) {
        throw problem("invalid_request", {
          field: "query.currency",
          detail: `you do not settle in ${currency}`,
        });
      }
      const of = { merchantId, merchant: merchant.legalName, currency };
      const statement = await readStatement(deps, of, period);
      const format = (request.query.format ?? "json") as Format;
      if (format === "json") return { ...presentStatement(statement), merchant: formatId("mch", merchantId) };
      return sendFile(reply, statement, format, deps.cell.clock.now());
    },
  );
}

const TYPES = {
  csv: "text/csv; charset=utf-8",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pdf: "application/pdf",
} as const;

async function sendFile(
  reply: FastifyReply,
  statement: Statement,
  format: Exclude<Format, "json">,
  now: Date,
): Promise<FastifyReply> {
  const { from, to, currency } = statement;
  const file = {
    csv: () => Promise.resolve(Buffer.from(csvOf(statement))),
    xlsx: () => xlsxOf(statement),
    pdf: () => pdfOf(statement, now),
  }[format];
  const name = `statement-${from}-${to}-${currency}.${format}`;
  return reply
    .header("content-type", TYPES[format])
    .header("content-disposition", `attachment; filename="${name}"`)
    .send(await file());
}

function presentStatement(statement: Statement) {
  const amounts = (part: Pick<AccountStatement, "opening" | "added" | "taken" | "closing">) => ({
    opening: Number(part.opening),
    added: Number(part.added),
    taken: Number(part.taken),
    closing: Number(part.closing),
  });
  const { currency, from, to, accounts } = statement;
  return {
    currency,
    from,
    to,
    accounts: accounts.map((account) => ({
      code: account.code,
      ...amounts(account),
      days: account.days.map((day) => ({ date: day.date, ...amounts(day) })),
    })),
  };
}
