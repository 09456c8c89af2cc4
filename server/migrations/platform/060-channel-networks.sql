-- How each contract reaches its channel: over its own connections, through its own proxy, in its own time. A
-- proxy's address bears no password: nothing secret is in this table.

alter table channel_accounts
  add column proxy_url text,
  add column connections_max integer not null default 128,
  add column connect_timeout_ms integer not null default 10000,
  add column calls_in_flight_max integer not null default 16,
  add constraint channel_accounts_connections_check check (connections_max >= 1),
  add constraint channel_accounts_connect_timeout_check check (connect_timeout_ms >= 1),
  add constraint channel_accounts_calls_in_flight_check check (calls_in_flight_max >= 1);

alter table channel_accounts
  alter column connections_max drop default,
  alter column connect_timeout_ms drop default,
  alter column calls_in_flight_max drop default;
