-- A surplus may be of another merchant than the contract's: whose it is, by two people's decision.

-- The merchant whose money a resolution made it; null: the contract's own, or nobody's. What the break did to
-- merchant_pending is in this merchant's book.
alter table breaks add column paid_to uuid;
