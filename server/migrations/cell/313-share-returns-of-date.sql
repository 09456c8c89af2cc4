-- outside a transaction
-- As above.
create index concurrently if not exists share_returns_of_date on share_returns (channel_date)
  where channel_date is not null;
