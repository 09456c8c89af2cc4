-- What merchants pay and what channels cost, as schedules: each version begins on a date and never changes.

create table fee_schedules (
  id uuid not null,
  -- fee: ours, from a merchant; cost: a channel's, from us, by one contract.
  kind text not null,
  merchant_id uuid,
  channel_account_id uuid,
  -- Null: every method that has no schedule of its own.
  method text,
  currency char(3) not null,
  created_at timestamptz not null,
  constraint fee_schedules_pkey primary key (id),
  constraint fee_schedules_merchant_fkey foreign key (merchant_id) references merchants (id),
  constraint fee_schedules_account_fkey
    foreign key (channel_account_id) references channel_accounts (id) on delete cascade,
  constraint fee_schedules_kind_check check (kind in ('fee', 'cost')),
  constraint fee_schedules_owner_check check (
    (kind = 'fee') = (merchant_id is not null)
    and (kind = 'cost') = (channel_account_id is not null)
  ),
  constraint fee_schedules_place unique nulls not distinct (merchant_id, channel_account_id, method, currency)
);

create index fee_schedules_of_account on fee_schedules (channel_account_id)
  where channel_account_id is not null;

-- Rows are only ever added. On a date the newest version that has begun by then is in force.
create table fee_schedule_versions (
  schedule_id uuid not null,
  version integer not null,
  effective_from date not null,
  -- Null: the schedule ends, and what it stood before is in force again.
  terms jsonb,
  approval_id uuid not null,
  proposed_by uuid not null,
  approved_by uuid,
  created_at timestamptz not null,
  constraint fee_schedule_versions_pkey primary key (schedule_id, version),
  constraint fee_schedule_versions_approval unique (approval_id),
  constraint fee_schedule_versions_schedule_fkey
    foreign key (schedule_id) references fee_schedules (id) on delete cascade,
  constraint fee_schedule_versions_version_check check (version >= 1)
);

create constraint trigger fee_schedules_revision
  after insert or update or delete on fee_schedules
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger fee_schedule_versions_revision
  after insert or update or delete on fee_schedule_versions
  deferrable initially deferred for each row execute function advance_revision();
