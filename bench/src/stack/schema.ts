/**
 * Tables with as many rows, indexes and bytes for each payment as the platform's own, and the statements that
 * write them. `filler` stands for the columns that are left out.
 */
export const ENTRIES = 6;

export const SCHEMA = `
  create table payments (
    id uuid primary key,
    merchant_id integer not null,
    order_no text not null,
    amount bigint not null,
    state text not null,
    created_at timestamptz not null,
    due_at timestamptz,
    finished_at timestamptz,
    filler text not null,
    unique (merchant_id, order_no)
  );
  create index payments_of_merchant on payments (merchant_id, id);
  create index payments_due_at on payments (due_at) where due_at is not null;
  create table attempts (
    id uuid primary key,
    payment_id uuid not null,
    state text not null,
    trade_no text,
    due_at timestamptz,
    filler text not null
  ) with (fillfactor = 55);
  create index attempts_of_payment on attempts (payment_id, id);
  create unique index attempts_trade_no on attempts (trade_no) where trade_no is not null;
  create index attempts_due_at on attempts (due_at) where due_at is not null;
  create table exchanges (
    payment_id uuid not null,
    id uuid not null,
    at timestamptz not null,
    filler text not null,
    primary key (payment_id, id)
  );
  create table accounts (
    id integer primary key,
    balance bigint not null,
    last_seq bigint not null
  ) with (fillfactor = 50);
  create table journals (
    id uuid primary key,
    payment_id uuid not null unique,
    posted_at timestamptz not null,
    filler text not null
  );
  create table entries (
    account_id integer not null,
    seq bigint not null,
    journal_id uuid not null,
    amount bigint not null,
    balance_after bigint not null,
    primary key (account_id, seq)
  );
  create table events (
    id uuid primary key,
    payment_id uuid not null,
    merchant_id integer not null,
    payload text not null
  );
  create index events_of_merchant on events (merchant_id, id);
  create index events_of_payment on events (payment_id);
  create table deliveries (
    id uuid primary key,
    event_id uuid not null unique,
    state text not null,
    due_at timestamptz
  );
  create index deliveries_due on deliveries (due_at) where state = 'scheduled'`;

export const STATEMENTS = {
  insertPayments: `
    insert into payments
    select id, merchant_id, order_no, amount, 'processing', $5, $5, null, $6
    from unnest($1::uuid[], $2::integer[], $3::text[], $4::bigint[]) as p(id, merchant_id, order_no, amount)
    order by merchant_id, order_no
    on conflict do nothing
    returning id`,
  insertAttempts: `
    insert into attempts
    select id, payment_id, 'created', null, $3, $4
    from unnest($1::uuid[], $2::uuid[]) as a(id, payment_id)`,
  lockAttempts: "select id from attempts where id = any($1::uuid[]) order by id for no key update",
  openAttempts: "update attempts set state = 'pending', filler = $2 where id = any($1::uuid[])",
  insertExchanges: `
    insert into exchanges
    select payment_id, id, $3, $4
    from unnest($1::uuid[], $2::uuid[]) as e(payment_id, id)`,
  lockPayments: `
    select id, amount, state
    from payments
    where id = any($1::uuid[])
    order by id
    for no key update`,
  lockAccounts: `
    select id, balance, last_seq
    from accounts
    where id = any($1::integer[])
    order by id
    for no key update`,
  finishPayments: `
    update payments
    set state = 'succeeded', finished_at = $2, due_at = null
    where id = any($1::uuid[])`,
  finishAttempts: `
    update attempts a
    set state = 'succeeded', trade_no = n.trade_no, due_at = null
    from unnest($1::uuid[], $2::text[]) as n(id, trade_no)
    where a.id = n.id`,
  insertJournals: `
    insert into journals
    select id, payment_id, $3, $4
    from unnest($1::uuid[], $2::uuid[]) as j(id, payment_id)`,
  insertEntries: `
    insert into entries
    select *
    from unnest($1::integer[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[])`,
  updateAccounts: `
    update accounts a
    set balance = n.balance, last_seq = n.last_seq
    from unnest($1::integer[], $2::bigint[], $3::bigint[]) as n(id, balance, last_seq)
    where a.id = n.id`,
  insertEvents: `
    insert into events
    select *
    from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[])`,
  insertDeliveries: `
    insert into deliveries
    select id, event_id, 'scheduled', $3
    from unnest($1::uuid[], $2::uuid[]) as d(id, event_id)`,
  finishDeliveries: "update deliveries set state = 'delivered', due_at = null where id = any($1::uuid[])",
} as const;

/** Figures that must be equal, or zero, after a run. */
export const FACTS = `
  select
    (select count(*) from payments where state = 'succeeded') as succeeded,
    (select count(*) from deliveries) as told,
    (select sum(amount) from entries) as entries,
    (select count(*)
     from accounts a
     left join (select account_id, sum(amount) as amount, max(seq) as seq from entries group by 1) e
       on e.account_id = a.id
     where a.balance <> coalesce(e.amount, 0)
       or a.last_seq <> coalesce(e.seq, 0)) as unequal`;
