-- outside a transaction
-- What receivers gave back, by the date on which the channel moved it.
create index concurrently if not exists share_returns_of_date on share_returns (channel_date)
  where channel_date is not null;
