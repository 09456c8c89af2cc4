-- When the channel told of another amount than was asked for, unasked: what it was asked before that ends no
-- order any more.

alter table attempts add column doubted_at timestamptz;
