-- replaces 69ba4f28c62bdd82435007ec574b11dbb811ac7fb51575651e581595307bd679: it failed where accounts were
-- Whether a contract must first show that money goes through it and comes back: a new one at a real channel
-- takes no orders before it has.

-- A default and no update: rows that are changed here would leave the table with triggers pending until the
-- commit, and it could not be altered.
alter table channel_accounts
  add column verification text not null default 'waived',
  add column verified_at timestamptz,
  add constraint channel_accounts_verification_check
    check (verification in ('required', 'waived', 'verified')),
  add constraint channel_accounts_verified_check
    check ((verification = 'verified') = (verified_at is not null)),
  add constraint channel_accounts_unverified_check
    check (verification <> 'required' or status <> 'active');

alter table channel_accounts alter column verification drop default;
