-- What channels, banks and others tell of a day: each file that came, kept as it is beside the database and
-- named by its hash; and the files that are still to be fetched, with the time when each is asked for again.

create table statements (
  id uuid not null,
  -- trade, fund: a channel's; bank: a bank account's; sales, commission: told by whom money does not pass.
  kind text not null,
  -- The contract that it is a statement of; null for a bank's.
  channel_account_id uuid,
  -- Of kind bank, the number of the account there; of kind fund, which account at the channel; else empty.
  account text not null,
  statement_date date not null,
  -- accepted: every promise that it makes of itself holds. refused: one does not, and nothing of it is used.
  state text not null,
  -- From 1 for each scope; null while refused. The highest is the current one.
  version integer,
  hash bytea not null,
  bytes bigint not null,
  source text not null,
  -- Whom it must be of, and what it was read by, so that it is read alike for ever.
  reading jsonb not null,
  lines integer not null,
  -- Of a refused one: where and why; line 0 is the file as a whole.
  fault_line integer,
  fault_reason text,
  -- What else stands in the file, for a person to look at.
  notes text[] not null,
  received_at timestamptz not null,
  -- The operator who uploaded it or said that there is none; null: the platform fetched it.
  received_by uuid,
  constraint statements_pkey primary key (id),
  constraint statements_kind check (kind in ('trade', 'fund', 'bank', 'sales', 'commission')),
  constraint statements_scope check ((kind = 'bank') = (channel_account_id is null)),
  constraint statements_state check (state in ('accepted', 'refused')),
  constraint statements_version check ((state = 'accepted') = (version is not null) and version >= 1),
  constraint statements_fault check (
    (state = 'refused') = (fault_reason is not null)
    and (fault_reason is null) = (fault_line is null)
  ),
  constraint statements_hash check (octet_length(hash) = 32),
  constraint statements_source check (source in ('download', 'upload', 'none_published'))
);

-- One number is given once, the same file has one number, and the same refusal is told once.
create unique index statements_versions
  on statements (kind, channel_account_id, account, statement_date, version) nulls not distinct
  where state = 'accepted';
create unique index statements_accepted
  on statements (kind, channel_account_id, account, statement_date, hash) nulls not distinct
  where state = 'accepted';
create unique index statements_refused
  on statements (kind, channel_account_id, account, statement_date, hash, fault_line, fault_reason)
  nulls not distinct
  where state = 'refused';
create index statements_by_account on statements (channel_account_id, id);
-- Few are corrected: each close of a day looks through all of them.
create index statements_corrected on statements (id) where kind = 'trade' and version > 1;

-- What an accepted statement adds up to, in minor units, signs as the merchant sees them; of kind fund in
-- millionths of the major unit, which a fee there may be finer than.
create table statement_totals (
  statement_id uuid not null,
  currency char(3) not null,
  kind text not null,
  count integer not null,
  amount bigint not null,
  settle_amount bigint not null,
  fee bigint not null,
  constraint statement_totals_pkey primary key (statement_id, currency, kind),
  constraint statement_totals_fkey foreign key (statement_id) references statements (id)
);

-- A channel's statement of a day that is expected: asked for from its time of publication until it is there.
create table statement_fetches (
  id uuid not null,
  kind text not null,
  channel_account_id uuid not null,
  account text not null,
  statement_date date not null,
  -- waiting: it is asked for again at due_at; done: it is there, or there is none.
  state text not null,
  -- When the channel publishes it; one that is not there much later is late.
  published_at timestamptz not null,
  -- When it is asked for next; null when it is done. A claim moves it to the lease's end.
  due_at timestamptz,
  asked integer not null,
  -- How often the channel has said, after its time of publication, that there is none.
  none_told integer not null,
  -- What stood against it the last time.
  detail text,
  statement_id uuid,
  created_at timestamptz not null,
  done_at timestamptz,
  constraint statement_fetches_pkey primary key (id),
  constraint statement_fetches_scope unique (kind, channel_account_id, account, statement_date),
  constraint statement_fetches_state check (state in ('waiting', 'done')),
  constraint statement_fetches_due check ((state = 'waiting') = (due_at is not null)),
  constraint statement_fetches_done check ((state = 'done') = (done_at is not null))
);

create index statement_fetches_due_at on statement_fetches (due_at) where due_at is not null;

-- How a file of somebody's own form is read, in a few lines of data; a new version for each change.
create table statement_mappings (
  name text not null,
  version integer not null,
  kind text not null,
  definition jsonb not null,
  made_at timestamptz not null,
  made_by uuid not null,
  constraint statement_mappings_pkey primary key (name, version),
  constraint statement_mappings_version check (version >= 1),
  constraint statement_mappings_kind check (kind in ('bank', 'sales', 'commission'))
);
