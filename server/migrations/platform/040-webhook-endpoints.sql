-- Where merchants want to be told of events, and the keys that sign what they are told.

create table webhook_endpoints (
  id uuid not null,
  merchant_id uuid not null,
  url text not null,
  description text not null,
  events text[] not null,
  require_body_success boolean not null,
  status text not null,
  secret_sealed bytea not null,
  previous_secret_sealed bytea,
  previous_secret_expires_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint webhook_endpoints_pkey primary key (id),
  constraint webhook_endpoints_events check (cardinality(events) > 0),
  constraint webhook_endpoints_status check (status in ('enabled', 'disabled')),
  constraint webhook_endpoints_previous_secret check (
    (previous_secret_sealed is null) = (previous_secret_expires_at is null)
  )
);

create index webhook_endpoints_of_merchant on webhook_endpoints (merchant_id, id);

-- A creation that is repeated meets the first one instead of delivering everything twice.
create unique index webhook_endpoints_url on webhook_endpoints (merchant_id, url) where status = 'enabled';
