-- outside a transaction
-- channel_money_days_shares_open holds all of it, and what was not compared yet.
drop index concurrently if exists channel_money_days_shares_differ;
