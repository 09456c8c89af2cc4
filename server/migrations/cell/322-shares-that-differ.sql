-- outside a transaction
-- Dates whose fund bill tells other shares than the books have.
create index concurrently if not exists channel_money_days_shares_differ
  on channel_money_days (channel_date, channel_account_id)
  where shared_millionths <> booked_share_millionths;
