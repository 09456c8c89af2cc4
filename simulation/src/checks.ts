/** What must be true of a world once everything in it has come to rest. */
import { invariants, runAudit } from "../../server/src/operations/index.ts";
import { explainBills } from "./bills.ts";
import { type Answer, bodyOf, NOTHING } from "./body.ts";
import type { Words } from "./ledger-of-words.ts";
import type { Merchant } from "./merchants.ts";
import { LOST } from "./routing-checks.ts";
import { checkTold } from "./told.ts";
import { jsonRequest, platformUrl, type World } from "./world.ts";

const SHOWN_MAX = 20;

/** Every violation found, each a sentence. */
export async function checkWorld(
  world: World,
  merchants: readonly Merchant[],
  words: Words,
): Promise<readonly string[]> {
  const { db } = world.ground.cell;
  const found: string[] = [...world.violations];
  for (const { name, violations } of await runAudit(db, invariants)) {
    for (const { subject, detail } of violations) found.push(`invariant ${name}: ${subject} ${detail}`);
  }
  for (const row of await db.all<{ what: string }>(UNFINISHED)) found.push(row.what);
  for (const row of await db.all<{ what: string }>(UNFOUNDED)) found.push(row.what);
  const unkept = await checkWords(world, merchants, words);
  found.push(...unkept);
  found.push(...(await checkTold(world, merchants)));
  const unexplained = await explainBills(world, merchants);
  found.push(...unexplained);
  const lost = unkept.length + unexplained.length;
  if (lost > 0) world.weather.tally.add("routing", LOST, lost);
  return found.slice(0, SHOWN_MAX);
}

/** The same of what has begun since: it has come to its end, and merchants were told of it. */
export async function checkEnds(world: World, merchants: readonly Merchant[]): Promise<readonly string[]> {
  const unfinished = await world.ground.cell.db.all<{ what: string }>(UNFINISHED);
  return [...unfinished.map(({ what }) => what), ...(await checkTold(world, merchants))].slice(0, SHOWN_MAX);
}

/** Nothing waits for anything any more, but what a channel never tells. */
const UNFINISHED = {
  name: "simulation_unfinished",
  text: `select what
   from (
     select 'the payment ' || id || ' is still ' || status as what from payments where finished_at is null
     union all
     select 'the attempt ' || id || ' is still ' || state from attempts where finished_at is null
     union all
     select 'the refund ' || id || ' is still ' || state from refunds where finished_at is null
     union all
     select 'the dispute ' || id || ' is still ' || state from disputes where finished_at is null
     union all
     select 'the splitting of ' || payment_id || ' is still ' || state from sharings where finished_at is null
     union all
     select 'the share ' || id || ' is still ' || state from shares where finished_at is null
     union all
     select 'the return ' || id || ' is still ' || state from share_returns where finished_at is null
     union all
     select 'the receiver ' || receiver_id || ' is still ' || state || ' at ' || channel
     from receiver_bindings
     where state = 'created'
     union all
     select 'the delivery ' || id || ' is still scheduled' from deliveries where state = 'scheduled'
   ) rows
   order by what`,
};

/** No answer is no end: what was held for over without money is what the channel called so. */
const UNFOUNDED = {
  name: "simulation_unfounded",
  text: `select what
   from (
     select 'the attempt ' || a.id || ' is ' || a.state || ', which the channel never said' as what
     from attempts a
     where a.state in ('closed', 'failed')
       and not exists (
         select
         from exchanges e
         where e.payment_id = a.payment_id
           and e.attempt_id = a.id
           and (
             e.outcome in ('closed', 'failed', 'not_found')
             or (e.operation = 'pay' and e.call_end in ('refused', 'not_sent'))
           )
       )
     union all
     select 'the refund ' || r.id || ' was held for failed, which the channel never said'
     from refunds r
     where (r.state = 'failed' or r.after_failure)
       and not exists (
         select
         from exchanges e
         where e.payment_id = r.payment_id
           and e.refund_id = r.id
           and (e.outcome = 'failed' or e.call_end = 'refused')
       )
   ) rows
   order by what`,
};

const RESOURCES = {
  payment: "payments",
  final: "payments",
  refund: "refunds",
  final_refund: "refunds",
  share: "shares",
} as const;

/** Whatever was acknowledged is there, and what was called final has not changed. */
async function checkWords(
  world: World,
  merchants: readonly Merchant[],
  words: Words,
): Promise<readonly string[]> {
  const found: string[] = [];
  const keys = new Map(merchants.map(({ name, key }) => [name, key]));
  const seen = new Map<string, Answer>();
  const get = async (merchant: string, path: string) => {
    let known = seen.get(path);
    if (known === undefined) {
      known = await ask(world, path, keys.get(merchant) as string);
      seen.set(path, known);
    }
    return known;
  };
  for (const word of words.all) {
    const { status, body } = await get(word.merchant, `/v1/${RESOURCES[word.kind]}/${word.id}`);
    if (status !== 200) {
      found.push(`${word.id} was acknowledged and is answered ${status}`);
      continue;
    }
    switch (word.kind) {
      case "payment":
        if (body.merchant_order_no !== word.orderNo || body.amount !== word.amount)
          found.push(`${word.id} is not what was acknowledged: ${JSON.stringify({ word, body })}`);
        break;
      case "refund":
        if (body.merchant_refund_no !== word.refundNo || body.amount !== word.amount)
          found.push(`${word.id} is not what was acknowledged: ${JSON.stringify({ word, body })}`);
        break;
      case "share":
        if (body.amount !== word.amount)
          found.push(`${word.id} is not what was acknowledged: ${JSON.stringify({ word, body })}`);
        break;
      case "final":
        if (body.status !== word.status)
          found.push(`${word.id} was ${word.status} for good, and is ${body.status}`);
        break;
      case "final_refund":
        if (body.state !== word.state && !isLaterEnd(word.state, body.state))
          found.push(`${word.id} was ${word.state} for good, and is ${body.state}`);
        break;
    }
  }
  return found;
}

/**
 * Money that shows up later reopens even an end: an arrived refund may come back, a failed one be carried
 * out.
 */
export function isLaterEnd(before: string, after: string): boolean {
  return (before === "succeeded" && after === "returned") || before === "failed";
}

async function ask(world: World, path: string, key: string): Promise<Answer> {
  let given: Answer | null = null;
  void world.platform(jsonRequest("GET", platformUrl(path), undefined, key)).then(
    (response) => {
      given = { status: response.status, body: bodyOf(response.body) };
    },
    () => {
      given = { status: 0, body: NOTHING };
    },
  );
  const end = new Date(world.scheduler.now().getTime() + 60_000);
  await world.scheduler.run(() => given !== null, end);
  return given ?? { status: 0, body: NOTHING };
}
