/** When anything is next due in the database of a world, by whose rows they are. */
import type { Database } from "../../server/src/kernel/database.ts";
import type { NextDue } from "./scheduler.ts";

/** Tables whose due times their worker's looks go by, and nothing else; by the worker's name. */
const OWN_ROWS: Readonly<Record<string, string>> = {
  attempts: "attempts",
  payments: "payments",
  refunds: "refunds",
  disputes: "disputes",
  verifications: "verifications",
  "receiver bindings": "receiver_bindings",
  sharings: "sharings",
  shares: "shares",
  "share returns": "share_returns",
  dayclose: "close_runs",
  statements: "statement_fetches",
  payout_batches: "payout_batches",
  payouts: "payouts",
  channel_payouts: "channel_payouts",
  commission_receipts: "commission_receipts",
  channel_costs: "channel_cost_payments",
};

/** Others that look at more; of the calendar only what a world waits for. */
const OTHERS: Readonly<Record<string, string>> = {
  webhooks: `select min(greatest(d.due_at, h.paused_until))
     from deliveries d
     left join endpoint_health h on h.endpoint_id = d.endpoint_id
     where d.state = 'scheduled'`,
  // A statement that was received is noted by the look that finds it.
  bank_readings: `select min(due_at)
     from (
       select due_at
       from bank_readings
       union all
       select s.received_at
       from statements s
       where s.kind = 'bank'
         and s.state = 'accepted'
         and not exists (
           select
           from bank_readings r
           where r.statement_id = s.id
         )
     ) readings`,
  commissions: "select min(commissions_due_at) from statements",
};

/** Those of them whose worker's looks go by that, and nothing else. */
const GO_BY_THEIRS = ["bank_readings", "commissions"];

/** The calendar comes again for ever: that begins the close of each day. */
const CALENDAR: Readonly<Record<string, string>> = {
  dayclose_begin: "select min(due_at) from schedules where name = 'dayclose_begin'",
  // Banks are asked every hour; a world waits for it where one has a day that is over and not there.
  bank_statements_fetch: `select min(s.due_at)
     from schedules s
     join platform.bank_connections c
       on (c.created_at at time zone 'Asia/Shanghai')::date < (s.due_at at time zone 'Asia/Shanghai')::date
     where s.name = 'bank_statements_fetch'
       and not exists (
         select
         from statements t
         where t.kind = 'bank'
           and t.state = 'accepted'
           and t.account = c.account_number
           and t.statement_date = (s.due_at at time zone 'Asia/Shanghai')::date - 1
       )`,
};

const NEXT_DUE = {
  name: "simulation_next_due",
  text: [
    ...Object.entries(OWN_ROWS).map(
      ([worker, table]) =>
        `select '${worker}' as worker, min(due_at) as due_at from ${table} where due_at is not null`,
    ),
    ...Object.entries({ ...OTHERS, ...CALENDAR }).map(([name, due]) => `select '${name}', (${due})`),
  ].join("\nunion all\n"),
};

type Row = { readonly worker: string; readonly dueAt: Date | null };

/** Reads again only after a transaction. */
export function watchDue(cell: Database) {
  let known: Promise<NextDue> | null = null;
  const look = () => {
    known ??= read(cell);
    return known;
  };
  return {
    next: look,
    /** Whether any row is still due but for the calendar's. */
    isBusy: async () => {
      const rows = await cell.db.all<Row>(NEXT_DUE);
      return rows.some(({ worker, dueAt }) => dueAt !== null && !(worker in CALENDAR));
    },
    forget: () => {
      known = null;
    },
  };
}

async function read(cell: Database): Promise<NextDue> {
  const rows = await cell.db.all<Row>(NEXT_DUE);
  const dues = rows.flatMap(({ dueAt }) => (dueAt === null ? [] : [dueAt]));
  const own = rows.filter(({ worker }) => worker in OWN_ROWS || GO_BY_THEIRS.includes(worker));
  return {
    any: dues.toSorted((a, b) => a.getTime() - b.getTime())[0] ?? null,
    of: new Map(own.map(({ worker, dueAt }) => [worker, dueAt])),
  };
}
