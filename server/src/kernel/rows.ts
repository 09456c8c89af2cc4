/** What PostgreSQL answers, as values and objects. */
import pg from "pg";

const BIGINT_OID = 20;
const TIMESTAMPTZ_OID = 1184;
const BIGINT_ARRAY_OID = 1016;
const DATE_OID = 1082;
const DATE_ARRAY_OID = 1182;
const TEXT_ARRAY_OID = 1009;

/** Columns as values: int8 is a bigint, timestamptz a Date, date text. */
export function getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (oid === BIGINT_OID) return BigInt;
  if (oid === TIMESTAMPTZ_OID) return instantOf;
  // The driver's own parser makes a Date at local midnight, which shifts the day by the machine's time zone.
  if (oid === DATE_OID) return (value) => value;
  if (oid === DATE_ARRAY_OID) return parseTexts;
  if (oid === BIGINT_ARRAY_OID) return (value) => bigints(parseTexts(value));
  return pg.types.getTypeParser(oid, format as "text");
}

/**
 * Sessions speak in UTC, so an instant reads `2026-11-20 09:30:00.123+00`, without milliseconds where they
 * are zero, and without the zeros at their end. Instants before the year 100 or past 9999 are none of ours.
 * Read digit by digit: a batch reads hundreds, and to have Date parse them takes twice as long.
 */
function instantOf(value: string): Date {
  const two = (at: number) => (value.charCodeAt(at) - 48) * 10 + value.charCodeAt(at + 1) - 48;
  let ms = 0;
  if (value.length > SECONDS_END + OFFSET_LENGTH) {
    for (
      let digit = SECONDS_END + 1, worth = 100;
      digit < value.length - OFFSET_LENGTH && worth >= 1;
      digit += 1
    ) {
      ms += (value.charCodeAt(digit) - 48) * worth;
      worth /= 10;
    }
  }
  const at = Date.UTC(two(0) * 100 + two(2), two(5) - 1, two(8), two(11), two(14), two(17), ms);
  if (!(two(0) > 0) || Number.isNaN(at) || !value.endsWith("+00"))
    throw new Error(`not an instant in UTC: ${value}`);
  return new Date(at);
}

const SECONDS_END = "2026-11-20 09:30:00".length;
const OFFSET_LENGTH = "+00".length;

type Nested<T> = T | null | readonly Nested<T>[];

const parseTexts = pg.types.getTypeParser(TEXT_ARRAY_OID as number, "text") as (
  value: string,
) => Nested<string>;

function bigints(value: Nested<string>): Nested<bigint> {
  if (value === null) return null;
  return typeof value === "string" ? BigInt(value) : value.map(bigints);
}

/** The keys of a statement's rows, and an object that has them all. */
type Shape = { readonly keys: readonly string[]; readonly template: Readonly<Record<string, unknown>> };

/** A statement's columns never change while the program runs. */
const shapes = new WeakMap<object, Shape>();

/**
 * Rows from arrays of values, with camelCase keys. Copies of one template share its hidden class; an object
 * that gets its dozens of keys one by one becomes a dictionary, from which all is read ten times slower.
 */
export function rowsOf(statement: object, result: pg.QueryArrayResult): Record<string, unknown>[] {
  const { rows } = result;
  if (rows.length === 0) return [];
  let shape = shapes.get(statement);
  if (shape === undefined) {
    const keys = result.fields.map((field) => camel(field.name));
    // JSON.parse makes a plain object of any number of keys; adding them one by one would not.
    const template = JSON.parse(JSON.stringify(Object.fromEntries(keys.map((key) => [key, null]))));
    shape = { keys, template };
    shapes.set(statement, shape);
  }
  const { keys, template } = shape;
  return rows.map((values) => {
    const row = { ...template };
    for (let at = 0; at < keys.length; at += 1) row[keys[at] as string] = values[at];
    return row;
  });
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
