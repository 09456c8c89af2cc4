-- What is done by the calendar: one row per job with its due time, claimed with a lease like all that is due;
-- and what the audits of the books found.

create table schedules (
  name text not null,
  due_at timestamptz not null,
  began_at timestamptz,
  ended_at timestamptz,
  constraint schedules_pkey primary key (name)
);

create table audits (
  id uuid not null,
  began_at timestamptz not null,
  ended_at timestamptz not null,
  constraint audits_pkey primary key (id)
);

create table audit_results (
  audit_id uuid not null,
  invariant text not null,
  sentence text not null,
  -- Books looked at; 1 for what is checked over the whole cell.
  checked integer not null,
  violations integer not null,
  -- The first violations, one per line; empty when it holds.
  detail text not null,
  constraint audit_results_pkey primary key (audit_id, invariant),
  constraint audit_results_audit_fkey foreign key (audit_id) references audits (id),
  constraint audit_results_counts check (checked >= 0 and violations >= 0)
);
