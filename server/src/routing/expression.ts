/**
 * Conditions in CEL (https://github.com/google/cel-spec), checked when a rule is saved: what is saved can be
 * evaluated. `matches` is refused: a pattern of an operator on a text of a merchant could take for ever.
 */
import { Environment } from "@marcbachmann/cel-js";
import type { RoutingRequest } from "./model.ts";

/** What a condition may ask; all there is about a payment that is to be routed. */
export const CONDITION_FIELDS = {
  amount: "int",
  currency: "string",
  method: "string",
  merchant: "string",
  store: "string",
  terminal: "string",
  hour: "int",
  weekday: "int",
  device: "string",
  metadata: "map<string, string>",
} as const;

/**
 * The fields of a condition with their values; absent texts are empty. `hour` and `weekday` are Beijing's.
 */
export type ConditionContext = {
  readonly [Field in keyof typeof CONDITION_FIELDS]: bigint | string | Readonly<Record<string, string>>;
};

export type Condition = (context: ConditionContext) => boolean;

export type CheckedCondition =
  | { readonly ok: true; readonly condition: Condition }
  /** `position`: from 1, in characters. */
  | { readonly ok: false; readonly position: number; readonly detail: string };

const LIMITS = {
  maxAstNodes: 300,
  maxDepth: 40,
  maxListElements: 200,
  maxMapEntries: 50,
  maxCallArguments: 8,
};

const NODE_KINDS_WITH_NAMES: ReadonlySet<unknown> = new Set(["call", "rcall"]);

/** Compiles conditions in the one environment. */
export type Conditions = { check(text: string): CheckedCondition };

export function createConditions(): Conditions {
  const environment = new Environment({ limits: LIMITS });
  for (const [name, type] of Object.entries(CONDITION_FIELDS)) environment.registerVariable(name, type);
  return { check: (text) => check(environment, text) };
}

function check(environment: Environment, text: string): CheckedCondition {
  try {
    const parsed = environment.parse(text);
    const result = parsed.check();
    if (!result.valid) return fault(text, result.error);
    if (result.type !== "bool") {
      const detail = `it is of type ${result.type}: write a comparison, such as amount > 100`;
      return { ok: false, position: 1, detail };
    }
    const pattern = findCall(parsed.ast, "matches");
    if (pattern !== null) {
      const detail = "matches is not allowed here: use startsWith, endsWith, contains or in";
      return { ok: false, position: pattern + 1, detail };
    }
    return { ok: true, condition: (context) => parsed(context as Record<string, unknown>) === true };
  } catch (error) {
    return fault(text, error);
  }
}

function fault(text: string, error: unknown): CheckedCondition {
  const { range, summary, message } = error as {
    range?: { start?: number };
    summary?: string;
    message?: string;
  };
  const said = summary ?? message ?? "it cannot be read";
  const fields = Object.keys(CONDITION_FIELDS).join(", ");
  const remedy = said.startsWith("Unknown variable") ? `; there are ${fields}` : "";
  return { ok: false, position: Math.min(range?.start ?? 0, text.length) + 1, detail: `${said}${remedy}` };
}

/** Where a function of this name is called in a syntax tree, or null. */
function findCall(node: unknown, name: string): number | null {
  if (Array.isArray(node)) {
    for (const inner of node) {
      const found = findCall(inner, name);
      if (found !== null) return found;
    }
    return null;
  }
  if (typeof node !== "object" || node === null || !("op" in node)) return null;
  const { op, args, start } = node as { op: unknown; args: unknown; start?: number };
  if (NODE_KINDS_WITH_NAMES.has(op) && Array.isArray(args) && args[0] === name) return start ?? 0;
  return findCall(args, name);
}

const BEIJING_AHEAD_MS = 8 * 3_600_000;

/** China has one time zone and no summer time. */
export function contextOf(request: RoutingRequest, merchant: string): ConditionContext {
  const beijing = new Date(request.at.getTime() + BEIJING_AHEAD_MS);
  return {
    amount: request.amount,
    currency: request.currency,
    method: request.method,
    merchant,
    store: request.store ?? "",
    terminal: request.terminal ?? "",
    hour: BigInt(beijing.getUTCHours()),
    weekday: BigInt(beijing.getUTCDay() === 0 ? 7 : beijing.getUTCDay()),
    device: request.device ?? "",
    metadata: request.metadata,
  };
}
