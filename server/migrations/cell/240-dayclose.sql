-- The close of each accounting date: one run for each, the steps that it lists before it begins, and the
-- report that it ends with.

create table close_runs (
  id uuid not null,
  accounting_date date not null,
  state text not null,
  -- Go on without the statements that are missing, by an operator's word.
  without_statements boolean not null,
  requested_by uuid,
  requested_at timestamptz not null,
  -- Claimed with a lease, as everything that is due; null: done.
  due_at timestamptz,
  ended_at timestamptz,
  constraint close_runs_pkey primary key (id),
  -- A day is closed once.
  constraint close_runs_date unique (accounting_date),
  constraint close_runs_state check (state in ('running', 'waiting', 'failing', 'done')),
  constraint close_runs_ended check (
    (state = 'done') = (ended_at is not null) and (state = 'done') = (due_at is null)
  )
);

create table close_steps (
  run_id uuid not null,
  place integer not null,
  name text not null,
  state text not null,
  -- Of what the step counts: so much is done, so much is left.
  units_done bigint not null,
  units_left bigint,
  -- What it waits for, why it failed, or a sentence on how it ended.
  detail text,
  -- What it came to, JSON; for the report.
  result text,
  tries integer not null,
  began_at timestamptz,
  ended_at timestamptz,
  constraint close_steps_pkey primary key (run_id, place),
  constraint close_steps_name unique (run_id, name),
  constraint close_steps_run_fkey foreign key (run_id) references close_runs (id),
  constraint close_steps_state check (state in ('expected', 'running', 'waiting', 'failed', 'done')),
  constraint close_steps_done check ((state = 'done') = (ended_at is not null)),
  constraint close_steps_units check (units_done >= 0 and units_left >= 0)
);

create table close_reports (
  accounting_date date not null,
  run_id uuid not null,
  report text not null,
  hash bytea not null,
  made_at timestamptz not null,
  constraint close_reports_pkey primary key (accounting_date),
  constraint close_reports_run_fkey foreign key (run_id) references close_runs (id),
  constraint close_reports_hash check (octet_length(hash) = 32)
);

-- What a day's close compared, for its report.
create index reconciliations_closed_through on reconciliations (closed_through);
