-- outside a transaction
-- Shares by the date on which the channel moved them: what a fund bill's are compared with.
create index concurrently if not exists shares_of_date on shares (channel_date)
  where channel_date is not null;
