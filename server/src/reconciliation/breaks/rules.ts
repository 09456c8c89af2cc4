/** Rules that resolve well-understood breaks alone, within their limits, and say so. Off until set. */
import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Break, isUnbooked } from "./model.ts";
import { type KeptPolicy, newestPolicies, type Policy, RULED } from "./policies.ts";
import { claimsOfBreaks } from "./reading.ts";
import { leftOf, planOf } from "./resolutions.ts";
import { isGross } from "./resolve.ts";
import { settle } from "./settle.ts";
import { lockBreaks } from "./store.ts";
import { type About, type ApplyDeps, underLock } from "./under-lock.ts";
import { openWork } from "./work.ts";

type Rule = Extract<Policy, { policy: "rule" }>;
export type KeptRule = KeptPolicy & { readonly value: Rule };

/** The rule that ends a break, in its version; null: none does. */
export function ruleFor(about: Break, rules: readonly KeptRule[]): KeptRule | null {
  const isPlain =
    about.state === "open" && !about.heldByDoor && about.standingResolution === null && !about.memo;
  if (!isPlain) return null;
  const { what, amount } = leftOf(about);
  return (
    rules.find(({ value }) => {
      const fits = value.kind === "fee" ? what === "fee" : what === "shortage";
      const { kind, currency, perBreakMax } = value;
      return fits && kind === about.kind && currency === about.currency && amount <= perBreakMax;
    }) ?? null
  );
}

const candidatesSql = sql(
  "breaks_for_rules",
  `select id, match_key
   from breaks
   where last_reconciliation_id = $1
     and state = 'open'
     and kind = any($2::text[])
     and ($3::uuid is null or (match_key, id) > ($4, $3))
   order by match_key, id
   limit $5`,
);

type Candidate = Pick<Break, "id" | "matchKey">;

/** By what they are about, not by ids, so that the same ones use up a day's limit each time. */
function candidates(
  db: Db,
  about: About,
  kinds: readonly string[],
  { after, limit }: Page,
): Promise<Candidate[]> {
  const from = [after?.id ?? null, after?.matchKey ?? null];
  return db.all<Candidate>(candidatesSql, [about.generation.id, kinds, ...from, limit]);
}

type Page = { readonly after: Candidate | null; readonly limit: number };

const openUsesSql = sql(
  "break_rule_uses_open",
  `insert into break_rule_uses (name, accounting_date, amount)
   select u.name, $2, 0
   from unnest($1::text[]) as u (name)
   order by u.name
   on conflict on constraint break_rule_uses_pkey do nothing`,
);

const lockUsesSql = sql(
  "break_rule_uses_lock",
  `select name, amount
   from break_rule_uses
   where name = any($1::text[])
     and accounting_date = $2
   order by name
   for no key update`,
);

const useSql = sql(
  "break_rule_uses_add",
  `update break_rule_uses
   set amount = $3
   where name = $1
     and accounting_date = $2`,
);

async function lockUses(tx: Tx, names: readonly string[], date: string): Promise<Map<string, bigint>> {
  await tx.run(openUsesSql, [names, date]);
  const rows = await tx.all<{ name: string; amount: bigint }>(lockUsesSql, [names, date]);
  return new Map(rows.map(({ name, amount }) => [name, amount]));
}

/** Ends by rules what a generation has opened. Safe to repeat. */
export async function applyRules(
  deps: ApplyDeps,
  about: About,
  limit: number,
  goOn: () => Promise<void>,
): Promise<void> {
  const { cell } = deps;
  const isRule = (kept: KeptPolicy): kept is KeptRule => kept.value.policy === "rule" && kept.value.enabled;
  const rules = (await newestPolicies(cell.db)).filter(isRule);
  if (rules.length === 0) return;
  const kinds = rules.map(({ value }) => value.kind);
  for (let after: Candidate | null = null; ; ) {
    await goOn();
    const page: Candidate[] = await candidates(cell.db, about, kinds, { after, limit });
    if (page.length === 0) return;
    const ids = page.map(({ id }) => id);
    await resolveAlone(deps, about, rules, ids);
    after = page.at(-1) ?? null;
  }
}

function resolveAlone(
  deps: ApplyDeps,
  about: About,
  rules: readonly KeptRule[],
  ids: readonly Id[],
): Promise<void> {
  const { cell } = deps;
  const gross = isGross(about.account);
  return underLock(deps, about, async (tx, day) => {
    const names = rules.map(({ name }) => name).sort();
    const used = await lockUses(tx, names, day.accountingDate);
    const before = new Map(used);
    const locked = await lockBreaks(tx, ids);
    const teller = { reconciliationId: about.generation.id };
    const work = openWork({ cell, tx, day, now: cell.clock.now(), locked, teller });
    const byId = new Map(locked.map((each) => [each.id, each]));
    // What the channel is to make good, nobody bears meanwhile.
    for (const claim of await claimsOfBreaks(tx, ids)) if (isUnbooked(claim)) byId.delete(claim.breakId);
    for (const present of ids.flatMap((id) => byId.get(id) ?? [])) {
      const rule = ruleFor(present, rules);
      if (rule === null) continue;
      const { amount } = leftOf(present);
      const so = (used.get(rule.name) ?? 0n) + amount;
      if (so > rule.value.perDayMax) continue;
      used.set(rule.name, so);
      const resolution = RULED[rule.value.kind];
      const plan = planOf(resolution, present, { gross });
      const row = settle(work, present, { resolution, plan, newId: cell.newId });
      const explanation = `The rule ${rule.name}, version ${rule.version}, resolved it alone: ${resolution}.`;
      work.keep({ ...row, ruleId: rule.id, explanation });
      work.tell(row, "resolved", explanation);
    }
    for (const name of names) {
      const amount = used.get(name);
      if (amount !== before.get(name)) await tx.run(useSql, [name, day.accountingDate, amount]);
    }
    await work.write();
  });
}
