// JSON knows neither bigint nor Date; both are written as one-field objects that no record of ours uses
// otherwise.

const bigintTag = "$bigint";
const dateTag = "$date";

function pack(this: unknown, key: string, value: unknown): unknown {
  // JSON.stringify has already called Date.prototype.toJSON on `value`; the holder still has the Date.
  const raw = (this as Record<string, unknown>)[key];
  if (typeof raw === "bigint") return { [bigintTag]: raw.toString() };
  if (raw instanceof Date) return { [dateTag]: raw.toISOString() };
  return value;
}

function unpack(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  const packed = value as Record<string, unknown>;
  if (typeof packed[bigintTag] === "string") return BigInt(packed[bigintTag]);
  if (typeof packed[dateTag] === "string") return new Date(packed[dateTag]);
  return value;
}

export function encodeRecord(record: unknown): string {
  return JSON.stringify(record, pack);
}

export function decodeRecord<T>(text: string): T {
  return JSON.parse(text, unpack) as T;
}
