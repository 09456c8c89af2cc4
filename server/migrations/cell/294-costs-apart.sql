-- outside a transaction
-- Costs that no payment's fee came with. Few journals are of these kinds, so the index stays small.
create index concurrently if not exists journals_costs_apart on journals (currency)
  where kind in ('resolution_cost', 'channel_movement');
