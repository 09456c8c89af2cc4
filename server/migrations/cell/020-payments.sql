-- What merchants asked for, the orders placed for it, the money given back, and every word exchanged with
-- channels.

create table payments (
  id uuid not null,
  merchant_id uuid not null,
  merchant_order_no text not null,
  amount bigint not null,
  currency char(3) not null,
  method text,
  status text not null,
  live_attempt_id uuid,
  success_attempt_id uuid,
  closing_since timestamptz,
  closing_for text,
  closed_reason text,
  request text not null,
  expires_at timestamptz not null,
  watched_until timestamptz,
  due_at timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint payments_pkey primary key (id),
  constraint payments_order_no unique (merchant_id, merchant_order_no),
  constraint payments_amount check (amount > 0),
  constraint payments_status check (status in ('created', 'processing', 'succeeded', 'closed', 'failed')),
  constraint payments_live check ((status = 'processing') = (live_attempt_id is not null)),
  constraint payments_success check ((status = 'succeeded') = (success_attempt_id is not null)),
  constraint payments_finished check ((status in ('succeeded', 'closed',
  'failed')) = (finished_at is not null)),
  constraint payments_due check ((due_at is null) = (finished_at is not null)),
  constraint payments_closing check ((closing_since is null) = (closing_for is null)),
  constraint payments_closing_for check (closing_for in ('close', 'expire', 'new_attempt')),
  constraint payments_closed_reason check (closed_reason in ('expired', 'cancelled'))
);

-- Ids are in order of time, so this is also "a merchant's payments, newest first".
create index payments_of_merchant on payments (merchant_id, id);
create index payments_due_at on payments (due_at) where due_at is not null;

create table attempts (
  id uuid not null,
  payment_id uuid not null,
  merchant_id uuid not null,
  channel text not null,
  channel_account_id uuid not null,
  credential_version integer not null,
  fund_flow text not null,
  method text not null,
  state text not null,
  amount bigint not null,
  currency char(3) not null,
  channel_order_no text not null,
  channel_trade_no text,
  next_action text,
  failure_code text,
  failure_message text,
  buyer text,
  paid_amount bigint,
  settle_amount bigint,
  fee_amount bigint,
  cost_amount bigint,
  cost_gross boolean,
  paid_at timestamptz,
  channel_date date,
  surplus text,
  refunded_amount bigint not null,
  settled_refunded bigint not null,
  fee_returned bigint not null,
  cost_returned bigint not null,
  taken_back bigint not null,
  close_wanted boolean not null,
  queries integer not null,
  expires_at timestamptz not null,
  due_at timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint attempts_pkey primary key (id),
  constraint attempts_amount check (amount > 0),
  constraint attempts_state check (
    state in ('created', 'pending', 'unknown', 'abandoned', 'reversing',
      'succeeded', 'failed', 'closed', 'reversed', 'reversed_by_channel')
  ),
  constraint attempts_finished check (
    (state in ('succeeded', 'failed', 'closed', 'reversed',
    'reversed_by_channel')) = (finished_at is not null)
  ),
  constraint attempts_due check ((due_at is null) = (finished_at is not null)),
  constraint attempts_paid check (
    (paid_amount is null) = (settle_amount is null)
    and (paid_amount is null) = (fee_amount is null)
    and (paid_amount is null) = (cost_amount is null)
    and (paid_amount is null) = (cost_gross is null)
    and (paid_amount is null) = (paid_at is null)
    and (paid_amount is null) = (channel_date is null)
  ),
  constraint attempts_succeeded check (state not in ('succeeded',
  'reversed_by_channel') or paid_amount is not null),
  constraint attempts_surplus check (
    surplus in ('payment_succeeded', 'payment_closed', 'payment_failed', 'reversing', 'reversed',
    'amount_differs')
  ),
  constraint attempts_refunded check (
    refunded_amount >= 0 and refunded_amount <= coalesce(paid_amount, 0)
  ),
  constraint attempts_fund_flow check (fund_flow in ('through_platform', 'direct_to_merchant',
  'bank_custody'))
);

create index attempts_of_payment on attempts (payment_id, id);
create unique index attempts_channel_trade_no on attempts (channel_trade_no, channel_account_id)
  where channel_trade_no is not null;
create index attempts_due_at on attempts (due_at) where due_at is not null;

create table refunds (
  id uuid not null,
  payment_id uuid not null,
  attempt_id uuid not null,
  merchant_id uuid not null,
  merchant_refund_no text,
  automatic boolean not null,
  amount bigint not null,
  currency char(3) not null,
  reason text,
  request text not null,
  state text not null,
  channel_refund_no text not null,
  channel_own_refund_no text,
  settle_amount bigint not null,
  from_pending bigint not null,
  from_available bigint not null,
  from_receivable bigint not null,
  fee_returned bigint not null,
  cost_returned bigint not null,
  after_failure boolean not null,
  failure_code text,
  failure_message text,
  tries integer not null,
  due_at timestamptz,
  created_at timestamptz not null,
  accepted_at timestamptz,
  channel_date date,
  arrived_at timestamptz,
  finished_at timestamptz,
  constraint refunds_pkey primary key (id),
  constraint refunds_merchant_refund_no unique (merchant_id, merchant_refund_no),
  constraint refunds_number check (automatic = (merchant_refund_no is null)),
  constraint refunds_amount check (amount > 0 and settle_amount >= 0),
  constraint refunds_state check (
    state in ('created', 'accepted', 'succeeded', 'returned', 'failed', 'unknown')
  ),
  constraint refunds_accepted check (state not in ('accepted', 'succeeded',
  'returned') or accepted_at is not null),
  constraint refunds_finished check ((state in ('succeeded', 'returned',
  'failed')) = (finished_at is not null)),
  constraint refunds_due check ((due_at is null) = (finished_at is not null))
);

-- A surplus is given back by one refund, whatever races to give it back.
create unique index refunds_automatic on refunds (attempt_id) where automatic;
create index refunds_of_payment on refunds (payment_id, id);
create index refunds_of_merchant on refunds (merchant_id, id);
create index refunds_due_at on refunds (due_at) where due_at is not null;

create table exchanges (
  payment_id uuid not null,
  id uuid not null,
  attempt_id uuid not null,
  refund_id uuid,
  operation text not null,
  call_end text not null,
  outcome text,
  decision text not null,
  channel_code text,
  detail text,
  request text not null,
  response text,
  started_at timestamptz not null,
  took_ms integer not null,
  decided_at timestamptz not null,
  constraint exchanges_pkey primary key (payment_id, id)
);

-- Notifications that belong to no payment here: an authentic one for an unknown number, or one that was
-- refused.
create table stray_notifications (
  id uuid not null,
  channel_account_id uuid not null,
  kind text not null,
  reason text not null,
  channel_order_no text,
  notify_id text,
  outcome text,
  request text not null,
  received_at timestamptz not null,
  constraint stray_notifications_pkey primary key (id),
  constraint stray_notifications_kind check (kind in ('orphan', 'refused'))
);

-- What a person must look at: money that could not be put right by itself, and contradictions.
create table work_items (
  id uuid not null,
  kind text not null,
  subject_id uuid not null,
  payment_id uuid not null,
  merchant_id uuid not null,
  amount bigint not null,
  currency char(3) not null,
  detail text not null,
  state text not null,
  opened_at timestamptz not null,
  resolved_at timestamptz,
  resolved_by uuid,
  resolution text,
  constraint work_items_pkey primary key (id),
  constraint work_items_once unique (subject_id, kind),
  constraint work_items_state check (state in ('open', 'resolved')),
  constraint work_items_resolved check ((state = 'resolved') = (resolved_at is not null))
);

create index work_items_open on work_items (opened_at, id) where state = 'open';
