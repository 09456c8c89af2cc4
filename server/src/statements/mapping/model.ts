/**
 * A mapping: how a file of somebody's own form (a delivery platform's sales, a bank's CSV) is read, in a few
 * lines of data that an operator writes.
 */
import { type Static, Type } from "typebox";
import { strictObject } from "../../kernel/http.ts";
import { CURRENCIES } from "../../kernel/money.ts";
import { compileDateFormat } from "./dates.ts";

const Text = (description: string, maxLength = 100) => Type.String({ minLength: 1, maxLength, description });
const Name = Text("A column's name, as the header row has it");

/** What a column may hold. */
const ColumnsSchema = strictObject({
  number: Text("The number of the order or of the movement; needed"),
  at: Text("When it happened; needed"),
  amount: Type.Optional(Name),
  credit: Type.Optional(Text("What came in, in a column of its own; with debit in place of amount")),
  debit: Type.Optional(Text("What went out, in a column of its own")),
  direction: Type.Optional(Text("Says by a word of `directions` whether the amount came in or went out")),
  kind: Type.Optional(Text("Says by a word of `kinds` what it is")),
  fee: Type.Optional(Name),
  settle_amount: Type.Optional(Text("What is paid out of it; the amount less the fee if absent")),
  currency: Type.Optional(Name),
  balance: Type.Optional(Text("What was left after it: each must follow from the one before")),
  store: Type.Optional(Name),
  counterparty_name: Type.Optional(Name),
  counterparty_account: Type.Optional(Name),
  end_to_end_id: Type.Optional(Name),
  text: Type.Optional(Name),
});

export const MAPPING_KINDS = ["bank", "sales", "commission"] as const;
export type MappingKind = (typeof MAPPING_KINDS)[number];

/** What an operator writes. */
export const MappingSchema = strictObject({
  kind: Type.Enum([...MAPPING_KINDS]),
  format: Type.Enum(["csv", "xlsx"]),
  encoding: Type.Optional(Type.Enum(["utf-8", "gbk"], { description: "Of csv; utf-8 if absent" })),
  delimiter: Type.Optional(Type.Enum([",", ";", "\t", "|"], { description: "Of csv; a comma if absent" })),
  sheet: Type.Optional(Text("Of xlsx; the first sheet if absent")),
  header_line: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, description: "The line with the columns' names; 1 if absent" }),
  ),
  columns: ColumnsSchema,
  currency: Type.Optional(
    Type.Enum([...CURRENCIES], { description: "Of every line, where no column tells it" }),
  ),
  date_format: Text("Such as yyyy-MM-dd HH:mm:ss; yyyy, MM or M, dd or d, HH or H, mm, ss are read", 40),
  time_zone: Type.Optional(Text("IANA name; Asia/Shanghai if absent")),
  decimal_point: Type.Optional(Type.Enum([".", ","], { description: "A point if absent" })),
  thousands: Type.Optional(Type.Enum([",", ".", " ", "'"], { description: "None if absent" })),
  fees: Type.Optional(
    Type.Enum(["charged", "moved"], {
      description: "charged: positive is a charge; moved: a charge is negative. charged if absent",
    }),
  ),
  directions: Type.Optional(
    Type.Record(Type.String({ minLength: 1, maxLength: 50 }), Type.Enum(["in", "out"])),
  ),
  kinds: Type.Optional(
    Type.Record(
      Type.String({ minLength: 1, maxLength: 50 }),
      strictObject({
        kind: Type.String({ pattern: "^[a-z_]{1,20}$", description: "Such as sale, refund or commission" }),
        negate: Type.Optional(
          Type.Boolean({ description: "The file writes as positive what is taken from the merchant" }),
        ),
      }),
    ),
  ),
  preamble: Type.Optional(
    Type.Array(
      strictObject({
        line: Type.Integer({ minimum: 1, maximum: 100 }),
        before: Type.String({ maxLength: 100, description: "The text just before it" }),
        after: Type.String({ maxLength: 100, description: "The text just after it; empty: the line's end" }),
        is: Type.Enum(["account", "date"]),
        date_format: Type.Optional(Text("Of a date; yyyy-MM-dd if absent", 40)),
      }),
      { maxItems: 10, description: "What the lines above the header tell, which must be right" },
    ),
  ),
  trailer: Type.Optional(
    strictObject({
      marker: Text("How the first cell of the last row begins"),
      count: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: "The cell, from 1" })),
      amount: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
      fee: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    }),
  ),
});

export type Mapping = Static<typeof MappingSchema>;
export type Field = keyof Mapping["columns"];

/** A mapping as it was at one of its versions. */
export type MappingVersion = {
  readonly name: string;
  /** From 1. */
  readonly version: number;
  readonly kind: MappingKind;
  readonly definition: Mapping;
  readonly madeAt: Date;
  readonly madeBy: string;
};

/** What keeps a definition from working, by its field; null: it can work. */
export function mappingFault(mapping: Mapping): { readonly field: string; readonly detail: string } | null {
  const { columns } = mapping;
  const fault = (field: string, detail: string) => ({ field, detail });
  const twoColumns = columns.credit !== undefined && columns.debit !== undefined;
  if ((columns.amount !== undefined) === twoColumns || (columns.credit === undefined) === twoColumns) {
    return fault("columns.amount", "give either the column amount, or both credit and debit");
  }
  if (columns.direction !== undefined && (twoColumns || mapping.directions === undefined)) {
    return fault("directions", "a column direction needs the column amount, and the words that it may hold");
  }
  if (columns.kind !== undefined && mapping.kinds === undefined) {
    return fault("kinds", "a column kind needs the words that it may hold");
  }
  if ((columns.currency === undefined) === (mapping.currency === undefined)) {
    return fault("currency", "give either the column currency, or the currency of every line");
  }
  if (mapping.thousands === (mapping.decimal_point ?? ".")) {
    return fault("thousands", "the decimal point and what groups thousands are the same");
  }
  if (mapping.format === "csv" ? mapping.sheet !== undefined : mapping.delimiter !== undefined) {
    return fault("format", "sheet belongs to xlsx, delimiter to csv");
  }
  for (const [field, format] of [
    ["date_format", mapping.date_format],
    ...(mapping.preamble ?? []).map(({ date_format }) => ["preamble", date_format ?? "yyyy-MM-dd"] as const),
  ] as const) {
    if (compileDateFormat(format) === null) {
      return fault(field, `${format} does not tell year, month and day, each once`);
    }
  }
  return isTimeZone(zoneOf(mapping)) ? null : fault("time_zone", "is no time zone's IANA name");
}

export function zoneOf({ time_zone }: Pick<Mapping, "time_zone">): string {
  return time_zone ?? "Asia/Shanghai";
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
