import { Type } from "typebox";
import { CurrencySchema, InstantSchema, strictObject } from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import { PageQuery } from "../kernel/pages.ts";
import {
  STATEMENT_KINDS,
  STATEMENT_SOURCES,
  type StatementFetch,
  type StatementRecord,
  type StatementTotal,
} from "./model.ts";

const Nullable = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()]);
const DateSchema = Type.String({ format: "date" });
const MinorUnits = (description: string) => Type.Integer({ description });

export const DayParams = strictObject({
  id: Type.String({ maxLength: 100 }),
  date: Type.String({ format: "date", description: "The channel's business date" }),
});

export const KindQuery = strictObject({
  kind: Type.Optional(
    Type.Enum(["trade", "fund"], {
      description: "What was sold, or what moved on the account; trade if absent",
    }),
  ),
  account: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 32,
      description: "Of kind fund: the account in the channel's words, such as BASIC; its main one if absent",
    }),
  ),
});

const Mapping = Type.Optional(
  Type.String({
    pattern: "^[a-z0-9_-]{1,50}$",
    description: "The mapping that reads the file; for a bank's, camt.053 if absent",
  }),
);

export const UploadQuery = strictObject({
  kind: Type.Optional(
    Type.Enum(["trade", "fund", "sales", "commission"], {
      description: "sales and commission are told by others, and read by a mapping; trade if absent",
    }),
  ),
  account: KindQuery.properties.account,
  mapping: Mapping,
});

export const BankDayParams = strictObject({
  account: Type.String({
    pattern: "^[0-9A-Za-z-]{4,40}$",
    description: "The number of the account at the bank, as the file writes it",
  }),
  date: DateSchema,
});

export const BankQuery = strictObject({ mapping: Mapping });

export const ListQuery = strictObject({
  ...PageQuery,
  channel_account: Type.Optional(Type.String({ maxLength: 100 })),
  kind: Type.Optional(Type.Enum([...STATEMENT_KINDS])),
  date: Type.Optional(DateSchema),
  state: Type.Optional(Type.Enum(["accepted", "refused"])),
});

export const StatementSchema = Type.Object({
  id: Type.String(),
  kind: Type.Enum([...STATEMENT_KINDS]),
  channel_account: Nullable(Type.String()),
  account: Type.String({
    description: "Of kind bank the account's number, of kind fund which account; else empty",
  }),
  date: DateSchema,
  state: Type.Enum(["accepted", "refused"]),
  version: Type.Union([Type.Integer({ description: "From 1; the highest is current" }), Type.Null()]),
  sha256: Type.String({ description: "Of the original" }),
  bytes: Type.Integer(),
  source: Type.Enum([...STATEMENT_SOURCES]),
  lines: Type.Integer(),
  fault: Type.Union([
    Type.Object({
      line: Type.Integer({ description: "From 1; 0: the file as a whole" }),
      reason: Type.String(),
    }),
    Type.Null(),
  ]),
  notes: Type.Array(Type.String(), { description: "What else stands in the file, for a person to look at" }),
  received_at: InstantSchema,
  received_by: Nullable(Type.String({ description: "Null: the platform fetched it" })),
});

export const TotalSchema = Type.Object({
  currency: CurrencySchema,
  kind: Type.String(),
  count: Type.Integer(),
  amount: MinorUnits("In minor units, of kind fund in millionths; signs as the merchant sees them"),
  settle_amount: MinorUnits("What settles of it"),
  fee: MinorUnits("What was charged; negative: given back"),
});

export const WholeStatementSchema = Type.Intersect([
  StatementSchema,
  Type.Object({ totals: Type.Array(TotalSchema) }),
]);

export function presentStatement(record: StatementRecord) {
  return {
    id: formatId("stm", record.id),
    kind: record.kind,
    channel_account: record.channelAccountId === null ? null : formatId("cha", record.channelAccountId),
    account: record.account,
    date: record.statementDate,
    state: record.state,
    version: record.version,
    sha256: record.hash.toString("hex"),
    bytes: Number(record.bytes),
    source: record.source,
    lines: record.lines,
    fault: record.faultReason === null ? null : { line: record.faultLine ?? 0, reason: record.faultReason },
    notes: [...record.notes],
    received_at: record.receivedAt.toISOString(),
    received_by: record.receivedBy === null ? null : formatId("opr", record.receivedBy),
  };
}

export function presentWhole(record: StatementRecord, totals: readonly StatementTotal[]) {
  return { ...presentStatement(record), totals: totals.map(presentTotal) };
}

function presentTotal({ currency, kind, count, amount, settleAmount, fee }: StatementTotal) {
  return {
    currency,
    kind,
    count,
    amount: Number(amount),
    settle_amount: Number(settleAmount),
    fee: Number(fee),
  };
}

export const FetchSchema = Type.Object({
  kind: Type.String(),
  channel_account: Type.String(),
  account: Type.String(),
  date: DateSchema,
  state: Type.Enum(["waiting", "done"]),
  published_at: Type.String({ format: "date-time", description: "When the channel publishes it as a rule" }),
  due_at: Type.Union([InstantSchema, Type.Null()], { description: "When it is asked for next" }),
  asked: Type.Integer(),
  detail: Nullable(Type.String({ description: "What stood against it the last time" })),
  statement: Nullable(Type.String()),
  done_at: Type.Union([InstantSchema, Type.Null()]),
});

export function presentFetch(fetch: StatementFetch) {
  return {
    kind: fetch.kind,
    channel_account: formatId("cha", fetch.channelAccountId),
    account: fetch.account,
    date: fetch.statementDate,
    state: fetch.state,
    published_at: fetch.publishedAt.toISOString(),
    due_at: fetch.dueAt?.toISOString() ?? null,
    asked: fetch.asked,
    detail: fetch.detail,
    statement: fetch.statementId === null ? null : formatId("stm", fetch.statementId),
    done_at: fetch.doneAt?.toISOString() ?? null,
  };
}
