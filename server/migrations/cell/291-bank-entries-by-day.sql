-- outside a transaction
-- Entries of statements that are not read to their end yet: their balance does not count so far.
create index concurrently if not exists bank_entries_of_day on bank_entries (account_number, statement_date);
