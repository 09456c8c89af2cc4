-- What an order that took money was charged by: the rules of its fee and its cost, each with its version and
-- what a refund gives back by it, and the part of the fee that is owed to partners.

alter table attempts
  add column fee_rule text,
  add column fee_rule_version bigint,
  add column cost_rule text,
  add column cost_rule_version bigint,
  -- Null: what the channel account's contract says when the refund is accepted.
  add column fee_refund text,
  add column cost_refund text,
  add column partner_amount bigint,
  add constraint attempts_fee_rule check ((fee_rule is null) = (fee_rule_version is null)),
  add constraint attempts_cost_rule check ((cost_rule is null) = (cost_rule_version is null)),
  add constraint attempts_partner_amount check (partner_amount between 0 and fee_amount);
