-- outside a transaction
-- And the books.
create index concurrently if not exists shares_of_date on shares (channel_date)
  where channel_date is not null;
