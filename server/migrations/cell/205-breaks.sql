-- What people and the books do about breaks: what each holds in suspense, its journals, and its history.

alter table breaks
  -- Money that never passes us: its journals are on the memorandum twins.
  add column memo boolean not null default false,
  -- Each time that it is put into suspense anew, from 1: with its id the source of its journals.
  add column round integer not null default 0,
  -- The journal that holds it in suspense now.
  add column suspense_journal_id uuid,
  -- What all its journals together did to the two suspense accounts and to merchant_pending, on their
  -- natural sides: its part of what those accounts hold.
  add column surplus_effect bigint not null default 0,
  add column shortage_effect bigint not null default 0,
  add column pending_effect bigint not null default 0,
  -- Its suspense was booked by the door, with the payment that it is about.
  add column held_by_door boolean not null default false,
  -- The break that it and this one explain each other with.
  add column partner_id uuid,
  -- A corrected statement contradicts what was carried out, and it could not be undone: by what it was, and
  -- the figures that stay covered by it.
  add column contradiction text,
  add column standing_resolution text,
  add column standing_settle bigint not null default 0,
  add column standing_fee bigint not null default 0,
  -- The proposal that waits for a second person, in the operators' approvals.
  add column proposal_id uuid,
  -- The rule that resolved it without anybody, and its version.
  add column rule_id uuid;

create index breaks_of_key on breaks (channel_account_id, match_key);
create index breaks_of_attempt on breaks (attempt_id) where attempt_id is not null;
create index breaks_of_generation on breaks (last_reconciliation_id);

-- Every journal that a break caused: none of them is a movement of a channel's.
create table break_journals (
  journal_id uuid not null,
  break_id uuid not null,
  purpose text not null,
  round integer not null,
  posted_at timestamptz not null,
  constraint break_journals_pkey primary key (journal_id),
  constraint break_journals_purpose check (purpose in ('suspense', 'taken_back', 'resolution', 'undone'))
);

create index break_journals_of_break on break_journals (break_id);

-- What became of a break, and what people wrote about it; never changed.
create table break_events (
  id uuid not null,
  break_id uuid not null,
  at timestamptz not null,
  -- Of those of one instant, in their order.
  step integer not null,
  kind text not null,
  -- Null: the platform by itself.
  operator_id uuid,
  -- The generation that made it so.
  reconciliation_id uuid,
  detail text,
  constraint break_events_pkey primary key (id)
);

create index break_events_of_break on break_events (break_id, id);

-- What the channel is asked to make good.
create table break_claims (
  break_id uuid not null,
  -- The channel's number of the claim.
  claim_no text not null,
  filed_at timestamptz not null,
  state text not null,
  ended_at timestamptz,
  note text,
  constraint break_claims_pkey primary key (break_id),
  constraint break_claims_state check (state in ('filed', 'paid', 'refused')),
  constraint break_claims_ended check ((state = 'filed') = (ended_at is null))
);

-- What operators set: limits of approval by role, rules that resolve alone, terms. The newest version counts.
create table break_policies (
  id uuid not null,
  name text not null,
  version integer not null,
  -- JSON, amounts as digits.
  value text not null,
  approval_id uuid not null,
  set_by uuid,
  set_at timestamptz not null,
  constraint break_policies_pkey primary key (id),
  constraint break_policies_version unique (name, version),
  -- What was approved is set once.
  constraint break_policies_approval unique (approval_id)
);

-- What a rule has resolved of an accounting day, in one currency.
create table break_rule_uses (
  name text not null,
  accounting_date date not null,
  amount bigint not null,
  constraint break_rule_uses_pkey primary key (name, accounting_date),
  constraint break_rule_uses_amount check (amount >= 0)
);
