-- outside a transaction
-- What lies in suspense, of all merchants.
create index concurrently if not exists accounts_suspense on accounts (id)
  where code in ('suspense_surplus', 'suspense_shortage', 'memo_suspense_surplus', 'memo_suspense_shortage');
