-- One number that grows with every change of what processes remember of this schema: while it stands still,
-- all that they remember is still true, and one small query a second says so.

create table revision (
  id integer not null,
  number bigint not null,
  constraint revision_pkey primary key (id),
  constraint revision_one check (id = 1)
);

insert into revision (id, number) values (1, 1);

create function advance_revision() returns trigger
language plpgsql
as $$
begin
  update platform.revision set number = number + 1 where id = 1;
  return null;
end
$$;

-- Deferred to the commit: the number's row is the last lock of every transaction, so it can be part of no
-- deadlock, and nobody waits for it longer than a commit takes.
create constraint trigger operators_revision
  after insert or update or delete on operators
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger operator_tokens_revision
  after insert or update or delete on operator_tokens
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger merchants_revision
  after insert or update or delete on merchants
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger merchant_currencies_revision
  after insert or update or delete on merchant_currencies
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger stores_revision
  after insert or update or delete on stores
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger terminals_revision
  after insert or update or delete on terminals
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger api_keys_revision
  after insert or update or delete on api_keys
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger channel_accounts_revision
  after insert or update or delete on channel_accounts
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger channel_credentials_revision
  after insert or update or delete on channel_credentials
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger webhook_endpoints_revision
  after insert or update or delete on webhook_endpoints
  deferrable initially deferred for each row execute function advance_revision();
