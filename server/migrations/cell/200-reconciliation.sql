-- What was found when a channel's statement of a day was held against the books: one generation for each time
-- it was compared, its findings, which never change, and the breaks that people work on.

create table reconciliations (
  id uuid not null,
  channel_account_id uuid not null,
  channel_date date not null,
  -- From 1 for each account and date; a later one replaces what the earlier ones found.
  generation integer not null,
  statement_id uuid not null,
  -- Ours are the journals of the accounting dates up to this one, which are all closed.
  closed_through date not null,
  -- The generation of an earlier date whose pending findings were carried in; null: the account's first.
  carried_from uuid,
  rules_version integer not null,
  -- Of everything that the result is a function of, and of the result.
  input_hash bytea not null,
  result_hash bytea not null,
  lines integer not null,
  movements integer not null,
  matched integer not null,
  findings integer not null,
  -- found: the findings are written; applied: its breaks are too.
  state text not null,
  made_at timestamptz not null,
  applied_at timestamptz,
  constraint reconciliations_pkey primary key (id),
  constraint reconciliations_generation unique (channel_account_id, channel_date, generation),
  constraint reconciliations_generation_check check (generation >= 1),
  constraint reconciliations_hash_check check (
    octet_length(input_hash) = 32 and octet_length(result_hash) = 32
  ),
  constraint reconciliations_state_check check (state in ('found', 'applied')),
  constraint reconciliations_applied_check check ((state = 'applied') = (applied_at is not null))
);

-- By currency, what the two sides add up to: signs as the merchant sees them, in minor units.
create table reconciliation_totals (
  reconciliation_id uuid not null,
  currency char(3) not null,
  kind text not null,
  theirs_count integer not null,
  theirs_amount bigint not null,
  theirs_settle bigint not null,
  theirs_fee bigint not null,
  ours_count integer not null,
  ours_amount bigint not null,
  ours_settle bigint not null,
  ours_fee bigint not null,
  constraint reconciliation_totals_pkey primary key (reconciliation_id, currency, kind),
  constraint reconciliation_totals_fkey foreign key (reconciliation_id) references reconciliations (id),
  constraint reconciliation_totals_kind check (kind in ('payment', 'refund', 'dispute'))
);

create table findings (
  reconciliation_id uuid not null,
  -- In the order in which the generation tells them, from 1.
  place integer not null,
  kind text not null,
  side text not null,
  -- What the finding is about, the same in every generation: the numbers that were to match.
  match_key text not null,
  -- The channel date that it belongs to, which for what was carried in is an earlier one.
  channel_date date not null,
  currency char(3) not null,
  theirs_amount bigint,
  ours_amount bigint,
  -- What the channel has more (+) or less (−) than the books, as settled; and charged more (+) or less (−).
  settle_difference bigint not null,
  fee_difference bigint not null,
  payment_id uuid,
  attempt_id uuid,
  refund_id uuid,
  -- The two rows as they were compared, JSON; null where a side has none.
  theirs text,
  ours text,
  -- Within the cross-day window: the next date may still explain it.
  pending boolean not null,
  constraint findings_pkey primary key (reconciliation_id, place),
  constraint findings_fkey foreign key (reconciliation_id) references reconciliations (id),
  constraint findings_side check (side in ('theirs', 'ours', 'both')),
  constraint findings_rows check ((side = 'ours') = (theirs is null) and (side = 'theirs') = (ours is null))
);

create table breaks (
  id uuid not null,
  channel_account_id uuid not null,
  merchant_id uuid not null,
  channel_date date not null,
  kind text not null,
  side text not null,
  match_key text not null,
  currency char(3) not null,
  theirs_amount bigint,
  ours_amount bigint,
  settle_difference bigint not null,
  fee_difference bigint not null,
  payment_id uuid,
  attempt_id uuid,
  refund_id uuid,
  theirs text,
  ours text,
  state text not null,
  -- The generations that found it first and last.
  first_reconciliation_id uuid not null,
  last_reconciliation_id uuid not null,
  found_at timestamptz not null,
  opened_at timestamptz,
  -- The operator who looks after it.
  owner_id uuid,
  -- How it ended: what was done, and a sentence for people.
  resolution text,
  explanation text,
  ended_at timestamptz,
  constraint breaks_pkey primary key (id),
  constraint breaks_identity unique (channel_account_id, channel_date, match_key, kind),
  constraint breaks_state check (state in ('pending', 'open', 'proposed', 'resolved', 'voided')),
  constraint breaks_side check (side in ('theirs', 'ours', 'both')),
  constraint breaks_ended check ((state in ('resolved', 'voided')) = (ended_at is not null)),
  constraint breaks_opened check (state not in ('open', 'proposed') or opened_at is not null)
);

create index breaks_unended on breaks (channel_account_id, channel_date) where ended_at is null;
create index breaks_of_payment on breaks (payment_id) where payment_id is not null;
