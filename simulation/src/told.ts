/** What each merchant was told is what the ledger says: neither more, nor less, nor anything else. */
import { formatId, type Id } from "../../server/src/kernel/ids.ts";
import { type Body, NOTHING } from "./body.ts";
import type { Merchant } from "./merchants.ts";
import type { World } from "./world.ts";

type PaymentRow = {
  readonly id: Id;
  readonly status: string;
  readonly successState: string | null;
  readonly paidAmount: bigint | null;
  readonly dead: bigint;
};
type RefundRow = {
  readonly id: Id;
  readonly state: string;
  readonly accepted: boolean;
  readonly automatic: boolean;
  readonly dead: bigint;
};

type EndedRow = { readonly id: Id; readonly state: string; readonly dead: bigint };

const PAYMENTS = {
  name: "simulation_payments",
  text: `select p.id, p.status, a.state as success_state, a.paid_amount,
     (
       select count(*)
       from events e
       join deliveries d on d.event_id = e.id
       where e.payment_id = p.id and d.state = 'dead'
     ) as dead
   from payments p
   left join attempts a on a.id = p.success_attempt_id
   order by p.id`,
};
const REFUNDS = {
  name: "simulation_refunds",
  text: `select r.id, r.state, r.accepted_at is not null as accepted, r.automatic,
     (
       select count(*)
       from events e
       join deliveries d on d.event_id = e.id
       where e.subject_id = r.id and d.state = 'dead'
     ) as dead
   from refunds r
   order by r.id`,
};

type PayoutRow = EndedRow & { readonly payeeKind: "merchant" | "partner" | "receiver" };

type ShareRow = EndedRow & { readonly returns: bigint };

const SHARES = {
  name: "simulation_shares_told",
  text: `select s.id, s.state,
     (
       select count(*)
       from share_returns r
       where r.share_id = s.id and r.state = 'succeeded'
     ) as returns,
     (
       select count(*)
       from events e
       join deliveries d on d.event_id = e.id
       where e.subject_id = s.id and d.state = 'dead'
     ) as dead
   from shares s
   order by s.id`,
};

/** What came to an end of one kind, and how many of its deliveries died. */
const endedOf = (table: "disputes" | "settlements" | "payouts", others = "") => ({
  name: `simulation_${table}`,
  text: `select q.id, q.state${others},
     (
       select count(*)
       from events e
       join deliveries d on d.event_id = e.id
       where e.subject_id = q.id and d.state = 'dead'
     ) as dead
   from ${table} q
   order by q.id`,
});

type Heard = {
  /** By subject and type, what was said of it. */
  readonly told: Map<string, Map<string, Body>>;
  /** By share, how often something of it came back: each refund takes its part, and each is told. */
  readonly cameBack: Map<string, number>;
};

/** What all shops have heard; what they were told twice is a violation. */
function heardBy(world: World, merchants: readonly Merchant[], found: string[]): Heard {
  const told = new Map<string, Map<string, Body>>();
  const cameBack = new Map<string, number>();
  for (const { name } of merchants) {
    for (const { type, data } of world.shops.toldTo(name)) {
      const { dispute, refund, payment, settlement, payout, share } = data;
      const about = dispute ?? refund ?? payment ?? settlement ?? payout ?? share ?? NOTHING;
      const subject = about.id;
      if (type === "share.returned") {
        cameBack.set(subject, (cameBack.get(subject) ?? 0) + 1);
        continue;
      }
      const types = told.get(subject) ?? new Map<string, Body>();
      if (types.has(type)) found.push(`${subject} was told twice to be ${type}`);
      types.set(type, about);
      told.set(subject, types);
    }
  }
  return { told, cameBack };
}

export async function checkTold(world: World, merchants: readonly Merchant[]): Promise<readonly string[]> {
  const { db } = world.ground.cell;
  const found: string[] = [];
  const { told, cameBack } = heardBy(world, merchants, found);
  const expect = (subject: string, wanted: readonly string[], dead: bigint) => {
    const types = told.get(subject) ?? new Map<string, Body>();
    told.delete(subject);
    const missing = wanted.filter((type) => !types.has(type));
    const beyond = [...types.keys()].filter((type) => !wanted.includes(type));
    // A shop that never took it in a whole day has a dead letter instead.
    if (missing.length > Number(dead)) found.push(`${subject} was never told: ${missing.join(", ")}`);
    if (beyond.length > 0) found.push(`${subject} was told ${beyond.join(", ")}, which it is not`);
    return types;
  };
  for (const row of await db.all<PaymentRow>(PAYMENTS)) {
    const wanted = row.status === "created" || row.status === "processing" ? [] : [`payment.${row.status}`];
    if (row.successState === "reversed_by_channel") wanted.push("payment.reversed_by_channel");
    const types = expect(formatId("pay", row.id), wanted, row.dead);
    const success = types.get("payment.succeeded");
    if (success !== undefined && success.status !== "succeeded")
      found.push(`${success.id} was told succeeded with the status ${success.status}`);
  }
  for (const row of await db.all<RefundRow>(REFUNDS)) {
    const subject = formatId("rfd", row.id);
    const types = told.get(subject) ?? new Map<string, Body>();
    // Between its acceptance and its end a refund may have been told any of them; its end is told for
    // certain.
    const may = ["refund.accepted", "refund.succeeded", "refund.failed", "refund.returned"];
    const end = [`refund.${row.state}`].filter((type) => may.includes(type));
    const missing = end.filter((type) => !types.has(type));
    if (!row.automatic && missing.length > Number(row.dead))
      found.push(`${subject} was never told: ${missing.join()}`);
    told.delete(subject);
  }
  for (const { id, state, dead } of await db.all<EndedRow>(endedOf("disputes"))) {
    expect(formatId("dsp", id), ["dispute.opened", `dispute.${state}`], dead);
  }
  for (const { id, state, dead } of await db.all<EndedRow>(endedOf("settlements"))) {
    const ends = ["approved", "paid"];
    const told = ends.slice(0, ends.indexOf(state) + 1).map((end) => `settlement.${end}`);
    expect(formatId("stl", id), told, dead);
  }
  for (const row of await db.all<PayoutRow>(endedOf("payouts", ", q.payee_kind"))) {
    const subject = formatId("pyt", row.id);
    expect(subject, payoutEvents(row, told.get(subject) ?? new Map()), row.dead);
  }
  for (const { id, state, returns, dead } of await db.all<ShareRow>(SHARES)) {
    const subject = formatId("shr", id);
    expect(subject, [`share.${state}`], dead);
    const times = BigInt(cameBack.get(subject) ?? 0);
    cameBack.delete(subject);
    if (times > returns || times + dead < returns)
      found.push(`${subject} came back ${returns} times, of which ${times} were told`);
  }
  for (const subject of [...told.keys(), ...cameBack.keys()])
    found.push(`${subject} was told of and does not exist`);
  return found;
}

/** Of a partner's payout no merchant hears, of a receiver's the one whose shares it gets. */
function payoutEvents({ state, payeeKind }: PayoutRow, told: ReadonlyMap<string, Body>): readonly string[] {
  const known = {
    merchant: { prefix: "payout", ends: ["succeeded", "rejected", "returned"] },
    partner: { prefix: "", ends: [] },
    receiver: { prefix: "receiver_payout", ends: ["succeeded", "returned"] },
  };
  const { prefix, ends } = known[payeeKind];
  const wanted = ends.filter((end) => end === state).map((end) => `${prefix}.${end}`);
  // One that came back had arrived, whether or not that was heard of before.
  const arrived = `${prefix}.succeeded`;
  return state === "returned" && told.has(arrived) ? [...wanted, arrived] : wanted;
}
