-- Alarms of closes that did not begin, fail, stand still or are not done: when each was last said.

create table close_alarms (
  accounting_date date not null,
  what text not null,
  since timestamptz not null,
  -- The row's lock makes one process say it, once an hour at most.
  said_at timestamptz not null,
  constraint close_alarms_pkey primary key (accounting_date, what),
  constraint close_alarms_what check (what in ('not_begun', 'failed', 'stuck', 'not_done'))
);

-- Since when each try of the step fails; null: its last try did not.
alter table close_steps add column failed_since timestamptz;
