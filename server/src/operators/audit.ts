import type { AuditEntry } from "./model.ts";

const HIDDEN = "[hidden]";

/** Names whose value is never written down: a second guard, since callers hand over no secret. */
const SECRET_NAME = /(^|_)(secret|token|password|key|credentials|passphrase|pin)$/i;

/** A copy in which whatever bears a secret's name is hidden, at any depth; amounts become wire integers. */
export function masked(value: AuditEntry["before"]): Record<string, unknown> | null {
  return value === null ? null : (mask(value) as Record<string, unknown>);
}

function mask(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(mask);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_NAME.test(name) && inner !== null ? HIDDEN : mask(inner),
    ]),
  );
}

/** Only what differs between two views of one thing, for an audit row that can be read at a glance. */
export function changes(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Pick<AuditEntry, "before" | "after"> {
  const differing = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => JSON.stringify(mask(before[name])) !== JSON.stringify(mask(after[name])),
  );
  const pick = (from: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(differing.map((name) => [name, from[name] ?? null]));
  return { before: pick(before), after: pick(after) };
}
