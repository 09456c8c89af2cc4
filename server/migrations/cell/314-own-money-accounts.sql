-- outside a transaction
-- Each settlement of the same day asks what is the platform's own. No column that a posting changes is in it,
-- so that postings stay in their page. Other codes than these are most of the accounts.
create index concurrently if not exists accounts_own_money on accounts (currency, code)
  where code in (
    'fee_income', 'other_income', 'channel_cost', 'marketing_expense', 'loss', 'commission_receivable',
    'bank_own', 'own_capital'
  );
