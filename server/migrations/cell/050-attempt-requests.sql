-- What makes a repeated wish for a new attempt one: the merchant's Idempotency-Key, or the payment code's
-- keyed hash.

create table attempt_requests (
  payment_id uuid not null,
  key text not null,
  -- The wish in canonical JSON: what a repeat is compared with.
  request text not null,
  attempt_id uuid not null,
  claimed_at timestamptz not null,
  constraint attempt_requests_pkey primary key (payment_id, key)
);
