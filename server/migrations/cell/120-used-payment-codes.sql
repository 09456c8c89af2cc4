-- Payment codes that were sent to their channel, as keyed hashes: a code is good for one order, whatever came
-- of it. Kept for the minutes in which the same digits can be scanned again.

create table used_payment_codes (
  channel text not null,
  code_hash bytea not null,
  attempt_id uuid not null,
  used_at timestamptz not null,
  constraint used_payment_codes_pkey primary key (channel, code_hash)
);

create index used_payment_codes_used_at on used_payment_codes (used_at);
