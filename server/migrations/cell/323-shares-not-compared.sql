-- outside a transaction
-- Dates whose fund bill tells other shares than the books have, or was not compared with them yet.
create index concurrently if not exists channel_money_days_shares_open
  on channel_money_days (channel_date, channel_account_id)
  where shared_millionths is distinct from booked_share_millionths;
