-- Bank accounts and terms are a payee's: a merchant, a partner by its registered name, or a receiver.

create table partners (
  id uuid not null,
  -- As the shares of fee schedules name it.
  party text not null,
  legal_name text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint partners_pkey primary key (id),
  constraint partners_party unique (party)
);

alter table bank_accounts rename column merchant_id to payee_id;
alter table bank_accounts add column payee_kind text not null default 'merchant';
alter table bank_accounts alter column payee_kind drop default;
alter table bank_accounts add constraint bank_accounts_payee_kind check (
  payee_kind in ('merchant', 'partner', 'receiver')
);
alter index bank_accounts_of_merchant rename to bank_accounts_of_payee;

alter table payout_terms rename column merchant_id to payee_id;
-- The least that is paid out at once.
alter table payout_terms add column minimum bigint not null default 0;
alter table payout_terms alter column minimum drop default;
alter table payout_terms add constraint payout_terms_minimum check (minimum >= 0);
