-- When merchants get their money, as versions that two people agreed on; and which days are business days.

create table settlement_policies (
  id uuid not null,
  merchant_id uuid not null,
  currency char(3) not null,
  version integer not null,
  -- It counts for settlements after this closed date and later ones.
  effective_from date not null,
  basis text not null,
  days integer not null,
  day_kind text not null,
  -- Which calendar's business days; null for calendar days.
  calendar text,
  minimum_amount bigint not null,
  reserve_rate_millionths bigint not null,
  reserve_days integer not null,
  payout text not null,
  -- A settlement that pays out more waits for a person; null: none does.
  person_above bigint,
  proposed_by uuid not null,
  approved_by uuid not null,
  approval_id uuid not null,
  made_at timestamptz not null,
  constraint settlement_policies_pkey primary key (id),
  constraint settlement_policies_version unique (merchant_id, currency, version),
  constraint settlement_policies_approval unique (approval_id),
  constraint settlement_policies_merchant_fkey foreign key (merchant_id) references merchants (id),
  constraint settlement_policies_basis check (basis in ('on_success', 'on_reconciled', 'on_funds_received')),
  constraint settlement_policies_days check (days between 0 and 365),
  constraint settlement_policies_day_kind check (day_kind in ('business', 'calendar')),
  constraint settlement_policies_calendar check ((day_kind = 'business') = (calendar is not null)),
  constraint settlement_policies_minimum check (minimum_amount >= 0),
  constraint settlement_policies_reserve check (
    reserve_rate_millionths between 0 and 1000000
    and reserve_days between 0 and 730
    and (reserve_rate_millionths > 0) = (reserve_days > 0)
  ),
  constraint settlement_policies_payout check (payout in ('automatic', 'on_request')),
  constraint settlement_policies_person check (person_above >= 0),
  constraint settlement_policies_second_person check (approved_by <> proposed_by)
);

-- A year counts only whole: a date in it is a business day when it is Monday to Friday and no holiday, or a
-- weekend's day that is worked.
create table business_years (
  calendar text not null,
  year integer not null,
  version integer not null,
  holidays date[] not null,
  workdays date[] not null,
  source text not null,
  -- Null: it came with the platform.
  loaded_by uuid,
  loaded_at timestamptz,
  constraint business_years_pkey primary key (calendar, year, version),
  constraint business_years_calendar check (calendar ~ '^[A-Z]{2}$'),
  constraint business_years_year check (year between 2000 and 2999),
  constraint business_years_version check (version >= 1)
);

-- Mainland China. The State Council announces a year in the November before it.
insert into business_years (calendar, year, version, holidays, workdays, source)
values (
  'CN', 2026, 1,
  array[
    '2026-01-01', '2026-01-02', '2026-01-03',
    '2026-02-15', '2026-02-16', '2026-02-17', '2026-02-18', '2026-02-19', '2026-02-20', '2026-02-21',
    '2026-02-22', '2026-02-23',
    '2026-04-04', '2026-04-05', '2026-04-06',
    '2026-05-01', '2026-05-02', '2026-05-03', '2026-05-04', '2026-05-05',
    '2026-06-19', '2026-06-20', '2026-06-21',
    '2026-09-25', '2026-09-26', '2026-09-27',
    '2026-10-01', '2026-10-02', '2026-10-03', '2026-10-04', '2026-10-05', '2026-10-06', '2026-10-07'
  ]::date[],
  array[
    '2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10'
  ]::date[],
  'State Council General Office, notice of 2025-11-04 on the holidays of 2026'
);
