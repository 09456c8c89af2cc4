-- Refunds that nobody here asked for, by their numbers at the channel: number, amount, and whether it came
-- back, in JSON. Null: none was told so. What older sums had told is in `taken_back` alone.

alter table attempts add column foreign_refunds text;
