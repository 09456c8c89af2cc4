import { type Static, Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { CurrencySchema, InstantSchema, strictObject } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { readIdField } from "../../operators/index.ts";
import { CONDITION_FIELDS } from "../expression.ts";
import { type Effect, type Rule, STRATEGIES } from "../model.ts";
import type { RuleVersion } from "./store.ts";

const ACCOUNTS_MAX = 50;

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const IdText = Type.String({ maxLength: 100 });

const EffectSchema = strictObject(
  {
    type: Type.Enum(["choose", "exclude"]),
    strategy: Type.Optional(Type.Enum([...STRATEGIES])),
    accounts: Type.Optional(
      Type.Array(
        strictObject({
          id: IdText,
          weight: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
        }),
        { minItems: 1, maxItems: ACCOUNTS_MAX },
      ),
    ),
  },
  {
    description:
      "choose: among these accounts (all that can take the order where none is named), put in order by the " +
      "strategy. exclude: none of these accounts",
  },
);

/** A rule's fields as a request gives them. */
export const RuleProperties = {
  name: Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" }),
  status: Type.Enum(["active", "disabled"]),
  priority: Type.Integer({
    minimum: -1_000_000,
    maximum: 1_000_000,
    description: "The highest is asked first",
  }),
  merchant_id: Nullable(IdText),
  method: Nullable(Type.String({ minLength: 1, maxLength: 40 })),
  currency: Nullable(CurrencySchema),
  when: Nullable(
    Type.String({
      minLength: 1,
      maxLength: 2_000,
      description: `CEL over ${Object.entries(CONDITION_FIELDS)
        .map(([name, type]) => `${name} (${type})`)
        .join(", ")}; null: always`,
    }),
  ),
  effect: EffectSchema,
};

export const RuleSchema = Type.Object({
  id: Type.String(),
  version: Type.Integer({ description: "Send it back with a change" }),
  ...RuleProperties,
  created_at: InstantSchema,
  updated_at: InstantSchema,
});

export const RuleVersionSchema = Type.Object({
  version: Type.Integer(),
  rule: Type.Record(Type.String(), Type.Unknown(), { description: "As it was from then on" }),
  changed_by: Type.Object({ id: Type.String(), name: Type.String() }),
  changed_at: InstantSchema,
});

type WireEffect = Static<typeof EffectSchema>;

/** What a rule says, without its place and age: what versions and the audit log keep. */
export function presentRuleBody(rule: Rule) {
  return {
    name: rule.name,
    status: rule.status,
    priority: rule.priority,
    merchant_id: rule.merchantId === null ? null : formatId("mch", rule.merchantId),
    method: rule.method,
    currency: rule.currency,
    when: rule.condition,
    effect: presentEffect(rule.effect),
  };
}

export function presentRule(rule: Rule) {
  return {
    id: formatId("rul", rule.id),
    version: rule.version,
    ...presentRuleBody(rule),
    created_at: rule.createdAt.toISOString(),
    updated_at: rule.updatedAt.toISOString(),
  };
}

function presentEffect(effect: Effect): WireEffect {
  if (effect.kind === "exclude") {
    return { type: "exclude", accounts: effect.accounts.map((id) => ({ id: formatId("cha", id) })) };
  }
  const { strategy, accounts, weights } = effect;
  if (accounts === null) return { type: "choose", strategy };
  const named = accounts.map((id, index) => ({
    id: formatId("cha", id),
    ...(weights === null ? {} : { weight: weights[index] ?? 0 }),
  }));
  return { type: "choose", strategy, accounts: named };
}

export function presentRuleVersion({ version, body, operatorId, operatorName, changedAt }: RuleVersion) {
  return {
    version,
    rule: { ...body },
    changed_by: { id: formatId("opr", operatorId), name: operatorName },
    changed_at: changedAt.toISOString(),
  };
}

/** Throws `invalid_request` naming the field. */
export function readEffect(wire: WireEffect): Effect {
  const refuse = (field: string, detail: string) =>
    problem("invalid_request", { field: `effect.${field}`, detail });
  const named = wire.accounts ?? null;
  const accounts =
    named?.map(({ id }, index) => readIdField("cha", id, `effect.accounts.${index}.id`)) ?? null;
  if (accounts !== null && new Set(accounts).size < accounts.length) {
    throw refuse("accounts", "an account is named twice");
  }
  const weighted = named?.some(({ weight }) => weight !== undefined) ?? false;
  if (wire.type === "exclude") {
    if (accounts === null) throw refuse("accounts", "name the accounts that are not to be used");
    if (wire.strategy !== undefined || weighted) {
      throw refuse("strategy", "an exclusion has neither a strategy nor weights; leave them out");
    }
    return { kind: "exclude", accounts };
  }
  const strategy = wire.strategy ?? (weighted ? "weights" : accounts === null ? "oldest" : "ordered");
  if (strategy === "ordered" && accounts === null) {
    throw refuse("accounts", "name the accounts in the order in which they are to be used");
  }
  if (weighted && strategy !== "weights") {
    throw refuse(
      "strategy",
      `weights say nothing to the strategy ${strategy}; leave them out or use weights`,
    );
  }
  const weights = weighted ? (named ?? []).map(({ weight }) => weight ?? 0) : null;
  if (weights !== null && !weights.some((weight) => weight > 0)) {
    throw refuse("accounts", "at least one weight is above 0");
  }
  return { kind: "choose", strategy, accounts, weights };
}
