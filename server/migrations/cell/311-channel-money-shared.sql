-- outside a transaction
-- What both sides say of the shares of the last weeks: the channels.
create index concurrently if not exists channel_money_days_shared on channel_money_days (channel_date)
  where shared_millionths <> 0;
