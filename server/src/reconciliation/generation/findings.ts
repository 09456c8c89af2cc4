/** What the engine found of a scope, as findings in their order. Pure. */
import { createHash } from "node:crypto";
import { daysBetween } from "../../kernel/dates.ts";
import type { FoundRow } from "../engine/rows.ts";
import type { BreakKind, Finding } from "../model.ts";
import { knownText, ourText, theirText } from "./evidence.ts";
import type { Known, Standing } from "./known.ts";

/** What may still be explained by the next channel date. */
const MAY_WAIT = /_only$|^status$/;

export type ScopeTerms = {
  readonly channelDate: string;
  /** How many channel dates a difference may wait for its other side. */
  readonly windowDays: number;
};

/** @param standing of a line that has no movement; null for anything else */
export function findingOf(row: FoundRow, standing: Standing | null, terms: ScopeTerms): Finding {
  const { theirs, ours } = row;
  const channelDate = (theirs ?? ours)?.channelDate ?? terms.channelDate;
  const known = standing === null || standing.standing === "unknown" ? null : standing.known;
  const kind = kindOf(row, standing);
  const side = kind === "status" ? "both" : row.side;
  return {
    kind,
    side,
    matchKey: matchKeyOf(row),
    channelDate,
    currency: (theirs ?? ours)?.currency ?? "",
    theirsAmount: theirs?.amount ?? null,
    oursAmount: ours?.amount ?? null,
    settleDifference: row.settleDifference,
    feeDifference: row.feeDifference,
    paymentId: known?.paymentId ?? (ours?.paymentId || null),
    attemptId: known?.attemptId ?? (ours?.attemptId || null),
    refundId: known?.refundId ?? (ours?.refundId || null),
    theirs: theirs === null ? null : theirText(theirs),
    ours: ours !== null ? ourText(ours) : kind === "status" ? knownText(known as Known) : null,
    pending: MAY_WAIT.test(kind) && daysBetween(channelDate, terms.channelDate) < terms.windowDays,
  };
}

function kindOf({ kind }: FoundRow, standing: Standing | null): BreakKind {
  if (standing?.standing === "not_booked") return "status";
  if (standing?.standing === "had_before") return "duplicate_theirs";
  return kind as BreakKind;
}

/** What was carried in keeps the name that it had. */
function matchKeyOf({ theirs, ours, matchKey, n }: FoundRow): string {
  return theirs?.matchKey || ours?.matchKey || (n > 1 ? `${matchKey}#${n}` : matchKey);
}

/** One order for all time, whatever order the rows came in. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const keyed = findings.map((finding) => ({ finding, key: keyOf(finding) }));
  keyed.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0));
  return keyed.map(({ finding }) => finding);
}

function keyOf(finding: Finding): string {
  const { channelDate, kind, matchKey, currency, side } = finding;
  return [channelDate, kind, matchKey, currency, side].join("\u0000");
}

/** SHA-256 of findings in their order. */
export function hashOf(findings: readonly Finding[]): Buffer {
  const hash = createHash("sha256");
  for (const finding of findings) hash.update(`${textOf(finding)}\n`);
  return hash.digest();
}

/** Every field of a finding, in one order. */
export function textOf(finding: Finding): string {
  const fields = Object.entries(finding).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(fields.map(([, value]) => (typeof value === "bigint" ? String(value) : value)));
}
