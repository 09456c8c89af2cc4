/** Rules as operators write them: checked when saved, every version kept with who made it. */
import type { Channels } from "../../channels/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Db, Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, type IdMaker } from "../../kernel/ids.ts";
import type { Platform } from "../../kernel/revision.ts";
import type { Merchants } from "../../merchants/index.ts";
import { type Actor, changes, type Made, type Operators } from "../../operators/index.ts";
import type { Conditions } from "../expression.ts";
import type { Rule } from "../model.ts";
import * as store from "./store.ts";
import { presentRuleBody } from "./wire.ts";

/** What an operator says of a rule. */
export type GivenRule = Pick<
  Rule,
  "name" | "status" | "priority" | "merchantId" | "method" | "currency" | "condition" | "effect"
>;

export type RulesDeps = {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly newId: IdMaker;
  readonly operators: Operators;
  readonly channels: Pick<Channels, "account" | "all" | "channel">;
  readonly merchants: Pick<Merchants, "get">;
  readonly conditions: Conditions;
  /** Called after each change, so that this process decides by it at once. */
  readonly changed: () => void;
};

export type Rules = {
  /**
   * Throws `invalid_request` naming the field: a condition that cannot be evaluated (with its position), an
   * account of another legal merchant, a method that no channel has.
   */
  create(actor: Actor, wanted: GivenRule): Promise<Made<Rule>>;
  /** Throws as `create`, `not_found`, and `conflict` when the rule was changed meanwhile. */
  change(actor: Actor, id: Id, version: number, wanted: Partial<GivenRule>): Promise<Rule>;
  list(filter: store.RuleFilter, limit: number): Promise<Rule[]>;
  /** Throws `not_found`. */
  get(id: Id): Promise<Rule>;
  versions(id: Id, before: number | null, limit: number): Promise<store.RuleVersion[]>;
};

export function createRules(deps: RulesDeps): Rules {
  const { db } = deps.platform;
  const get = async (id: Id) => (await store.findRule(db, id)) ?? notFound();
  return {
    create: async (actor, wanted) => {
      await checkRule(deps, wanted);
      const at = deps.clock.now();
      const rule: Rule = { id: deps.newId(), version: 1, ...wanted, createdAt: at, updatedAt: at };
      const made = await deps.platform.transact((tx) => insert(deps, tx, actor, rule));
      deps.changed();
      return made;
    },
    change: async (actor, id, version, wanted) => {
      await checkRule(deps, { ...(await get(id)), ...wanted });
      const changed = await deps.platform.transact((tx) => update(deps, tx, actor, { id, version, wanted }));
      deps.changed();
      return changed;
    },
    list: (filter, limit) => store.listRules(db, filter, limit),
    get,
    versions: async (id, before, limit) => {
      await get(id);
      return store.ruleVersions(db, id, before, limit);
    },
  };
}

function notFound(): never {
  throw problem("not_found");
}

async function insert(deps: RulesDeps, tx: Tx, actor: Actor, rule: Rule): Promise<Made<Rule>> {
  const id = await deps.operators.firstTime(tx, actor, rule.id);
  if (id !== rule.id) return { resource: (await store.findRule(tx, id)) ?? notFound(), made: false };
  await store.insertRule(tx, rule);
  await store.insertRuleVersion(tx, rule, presentRuleBody(rule), actor.operator.id);
  await deps.operators.audit(tx, actor, {
    action: "routing_rule.created",
    subject: formatId("rul", id),
    before: null,
    after: presentRuleBody(rule),
  });
  return { resource: rule, made: true };
}

async function update(
  deps: RulesDeps,
  tx: Tx,
  actor: Actor,
  { id, version, wanted }: { readonly id: Id; readonly version: number; readonly wanted: Partial<GivenRule> },
): Promise<Rule> {
  const before = (await store.lockRule(tx, id)) ?? notFound();
  if (before.version !== version) {
    throw problem("conflict", {
      field: "version",
      detail: `the rule was changed meanwhile; its version is ${before.version} now`,
      members: { version: before.version },
    });
  }
  const after: Rule = { ...before, ...wanted, version: version + 1, updatedAt: deps.clock.now() };
  await store.updateRule(tx, after);
  await store.insertRuleVersion(tx, after, presentRuleBody(after), actor.operator.id);
  await deps.operators.audit(tx, actor, {
    action: "routing_rule.changed",
    subject: formatId("rul", id),
    ...changes(presentRuleBody(before), presentRuleBody(after)),
  });
  return after;
}

async function checkRule(deps: RulesDeps, rule: GivenRule): Promise<void> {
  const refuse = (field: string, detail: string) => problem("invalid_request", { field, detail });
  const { merchantId, method, condition, effect } = rule;
  if (merchantId !== null && (await deps.merchants.get(merchantId)) === null) {
    throw refuse("merchant_id", "there is no such merchant");
  }
  const methods = deps.channels.all.flatMap(({ traits }) => Object.keys(traits.scenes));
  if (method !== null && !methods.includes(method)) {
    throw refuse("method", `there is no method ${method}, only ${methods.join(", ")}`);
  }
  if (condition !== null) {
    const checked = deps.conditions.check(condition);
    if (!checked.ok) throw refuse("when", `at character ${checked.position}: ${checked.detail}`);
  }
  if (effect.accounts === null) return;
  if (merchantId === null) {
    throw refuse("merchant_id", "a rule that names accounts names the merchant that they belong to");
  }
  for (const [index, accountId] of effect.accounts.entries()) {
    const account = await deps.channels.account(accountId);
    const field = `effect.accounts.${index}.id`;
    if (account === null) throw refuse(field, "there is no such channel account");
    if (account.merchantId !== merchantId) {
      throw refuse(field, "the account belongs to another legal merchant: an order stays among its own");
    }
    // By the channel, which never changes, not by the contract: a rule can be edited whatever became of that.
    const scenes = deps.channels.channel(account.channel)?.traits.scenes ?? {};
    if (method !== null && scenes[method] === undefined) {
      throw refuse(
        field,
        `${method} is not a method of ${account.channel}, so it never goes through this account`,
      );
    }
  }
}

/** Every rule that decisions ask. */
export function loadRules(db: Db): Promise<Rule[]> {
  return store.activeRules(db);
}
