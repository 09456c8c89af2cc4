-- A payout's payee is a merchant, a partner or a receiver, and its money comes from one merchants' book or
-- many.

alter table payouts rename column merchant_id to payee_id;
alter table payouts add column payee_kind text not null default 'merchant';
alter table payouts alter column payee_kind drop default;
alter table payouts add constraint payouts_payee_kind check (
  payee_kind in ('merchant', 'partner', 'receiver')
);
alter table payouts drop constraint payouts_amount;
-- Only merchants are charged for a payout.
alter table payouts add constraint payouts_amount check (
  amount > 0 and fee >= 0 and (fee = 0 or payee_kind = 'merchant')
);
alter index payouts_of_merchant rename to payouts_of_payee;

-- Whence a payout's money comes: the account of this code in each merchant's book. The amounts sum to the
-- payout's.
create table payout_sources (
  payout_id uuid not null,
  merchant_id uuid not null,
  code text not null,
  amount bigint not null,
  constraint payout_sources_pkey primary key (payout_id, merchant_id),
  constraint payout_sources_code check (
    code in ('merchant_available', 'partner_payable', 'receiver_available')
  ),
  constraint payout_sources_amount check (amount > 0)
);

insert into payout_sources (payout_id, merchant_id, code, amount)
select id, payee_id, 'merchant_available', amount
from payouts;

-- How far the entries of an account that owes something to many (partner_payable, receiver_pending) are
-- divided among them.
create table owed_accounts (
  account_id uuid not null,
  merchant_id uuid not null,
  currency char(3) not null,
  divided_seq bigint not null,
  constraint owed_accounts_pkey primary key (account_id)
);

-- What partners and receivers have earned in a merchant's book on days that are over, less what refunds took
-- back; payouts are not subtracted. A payout locks the rows of its payee, so that two never pay the same.
create table owed_dues (
  payee_kind text not null,
  -- A partner's party, as fee schedules name it, or a receiver's id.
  payee text not null,
  currency char(3) not null,
  merchant_id uuid not null,
  account_id uuid not null,
  amount bigint not null,
  constraint owed_dues_pkey primary key (payee_kind, payee, currency, merchant_id),
  constraint owed_dues_payee_kind check (payee_kind in ('partner', 'receiver'))
);

create index owed_dues_of_account on owed_dues (account_id);

-- What partners still have of a payment of which a part went back; a payment without a row: all of it.
create table partner_refunded (
  attempt_id uuid not null,
  left_amount bigint not null,
  constraint partner_refunded_pkey primary key (attempt_id)
);
