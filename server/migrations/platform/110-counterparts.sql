-- Whom each version of credentials makes us at the channel, as the channel told when it was proved, and how
-- often an account got another gateway or became another merchant there: a trial of the one before is no
-- trial of this one.

alter table channel_accounts add column counterpart_revision integer not null default 1;
-- Null: saved before it was remembered.
alter table channel_credentials add column merchant jsonb;
