-- What merchants are told: events, their deliveries to endpoints, the tries that failed, and the endpoints
-- that fail.

create table events (
  id uuid not null,
  merchant_id uuid not null,
  type text not null,
  subject_id uuid not null,
  -- The payment whose timeline the event belongs to; none for an endpoint's test.
  payment_id uuid,
  created_at timestamptz not null,
  -- The body exactly as it is sent at every try: the signature is over its bytes.
  payload text not null,
  constraint events_pkey primary key (id)
);

create index events_of_merchant on events (merchant_id, id);
create index events_of_payment on events (payment_id) where payment_id is not null;
-- Most events are about the payment itself and are found by the index above.
create index events_of_subject on events (subject_id) where subject_id is distinct from payment_id;

create table deliveries (
  id uuid not null,
  event_id uuid not null,
  endpoint_id uuid not null,
  state text not null,
  tries integer not null,
  round_failures integer not null,
  due_at timestamptz,
  last_tried_at timestamptz,
  last_status integer,
  last_error text,
  last_duration_ms integer,
  delivered_at timestamptz,
  created_at timestamptz not null,
  constraint deliveries_pkey primary key (id),
  constraint deliveries_state check (state in ('scheduled', 'delivered', 'dead')),
  constraint deliveries_due check ((state = 'scheduled') = (due_at is not null)),
  constraint deliveries_delivered check (state <> 'delivered' or delivered_at is not null)
);

-- An event reaches an endpoint by one delivery, whoever records it again. A merchant's deliveries are found
-- through its events: every index here is written twice per delivery, since its state and due time change.
create unique index deliveries_of_event on deliveries (event_id, endpoint_id);
-- By endpoint first: a claim steps from endpoint to endpoint, however long the backlog of one of them is.
create index deliveries_due on deliveries (endpoint_id, due_at) where state = 'scheduled';
create index deliveries_dead on deliveries (endpoint_id, event_id) where state = 'dead';

-- Only tries that failed; the last try stands on its delivery, so that a delivery that arrives at once writes
-- no row here.
create table delivery_tries (
  delivery_id uuid not null,
  number integer not null,
  started_at timestamptz not null,
  duration_ms integer not null,
  status integer,
  error text not null,
  answer text,
  constraint delivery_tries_pkey primary key (delivery_id, number)
);

-- Only endpoints that fail at present; the first delivery that arrives removes the row.
create table endpoint_health (
  endpoint_id uuid not null,
  failures integer not null,
  failing_since timestamptz not null,
  failed_at timestamptz not null,
  paused_until timestamptz,
  last_status integer,
  last_error text not null,
  constraint endpoint_health_pkey primary key (endpoint_id)
);
