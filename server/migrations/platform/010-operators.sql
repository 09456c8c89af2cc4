-- The people of the back office: operators with their tokens, the log of what they changed, and what a second
-- one must approve.

create table operators (
  id uuid not null,
  name text not null,
  roles text[] not null,
  status text not null,
  created_at timestamptz not null,
  constraint operators_pkey primary key (id),
  constraint operators_name_key unique (name),
  constraint operators_status_check check (status in ('active', 'disabled')),
  constraint operators_roles_check check (
    cardinality(roles) > 0
    and roles <@ array['admin', 'operations', 'finance', 'risk', 'viewer']
  )
);

create table operator_tokens (
  hash bytea not null,
  operator_id uuid not null,
  prefix text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  constraint operator_tokens_pkey primary key (hash),
  constraint operator_tokens_operator_fkey foreign key (operator_id) references operators (id),
  constraint operator_tokens_hash_check check (octet_length(hash) = 32)
);

create index operator_tokens_operator_idx on operator_tokens (operator_id);

-- Rows are only ever added.
create table audit_log (
  id uuid not null,
  at timestamptz not null,
  operator_id uuid not null,
  request_id text not null,
  action text not null,
  subject text not null,
  before jsonb,
  after jsonb,
  constraint audit_log_pkey primary key (id),
  constraint audit_log_operator_fkey foreign key (operator_id) references operators (id)
);

create index audit_log_subject_idx on audit_log (subject, id);

create table approvals (
  id uuid not null,
  kind text not null,
  subject text not null,
  payload jsonb not null,
  reason text,
  status text not null,
  proposed_by uuid not null,
  proposed_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  decision_note text,
  carried_out_at timestamptz,
  constraint approvals_pkey primary key (id),
  constraint approvals_proposed_by_fkey foreign key (proposed_by) references operators (id),
  constraint approvals_decided_by_fkey foreign key (decided_by) references operators (id),
  constraint approvals_status_check check (status in ('proposed', 'approved', 'carried_out', 'rejected')),
  constraint approvals_decided_check check (
    (status = 'proposed') = (decided_by is null)
    and (decided_by is null) = (decided_at is null)
    and (status = 'carried_out') = (carried_out_at is not null)
  ),
  constraint approvals_second_person_check check (decided_by <> proposed_by)
);

-- One undecided or unfinished approval of a kind for a subject: two proposals of one change never race.
create unique index approvals_open_key on approvals (kind, subject)
  where status in ('proposed', 'approved');

-- What an operator's Idempotency-Key made, so that a request sent twice makes one resource.
create table operator_requests (
  operator_id uuid not null,
  idempotency_key text not null,
  fingerprint bytea not null,
  resource_id uuid not null,
  created_at timestamptz not null,
  constraint operator_requests_pkey primary key (operator_id, idempotency_key),
  constraint operator_requests_operator_fkey foreign key (operator_id) references operators (id)
);
