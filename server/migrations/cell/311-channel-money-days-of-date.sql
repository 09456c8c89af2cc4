-- outside a transaction
-- Fund bills that tell shares apart, by their date.
create index concurrently if not exists channel_money_days_of_date
  on channel_money_days (channel_date, teller)
  where shared_millionths is not null;
