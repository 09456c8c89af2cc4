-- Whether a contract must first show that money goes through it and comes back: a new one at a real channel
-- takes no orders before it has.

alter table channel_accounts
  add column verification text,
  add column verified_at timestamptz;

update channel_accounts set verification = 'waived';

alter table channel_accounts
  alter column verification set not null,
  add constraint channel_accounts_verification_check
    check (verification in ('required', 'waived', 'verified')),
  add constraint channel_accounts_verified_check
    check ((verification = 'verified') = (verified_at is not null)),
  add constraint channel_accounts_unverified_check
    check (verification <> 'required' or status <> 'active');
