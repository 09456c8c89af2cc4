-- A claim on a channel has an amount, may be paid in part, and says by whom and on what it was noted.

alter table break_claims
  -- What is claimed, and what of it the channel has paid, in minor units of the break's currency.
  add column amount bigint,
  add column paid_amount bigint not null default 0,
  -- The number of the letter, ticket or bank entry that shows it.
  add column evidence text,
  add column filed_by uuid,
  add column ended_by uuid,
  -- The approval by which what was paid is in the books.
  add column booked_by uuid;

update break_claims c
set amount = left_of.amount,
  paid_amount = case when c.state = 'paid' then left_of.amount else 0 end,
  booked_by = case when b.resolution = 'recover_from_channel' then b.proposal_id end
from breaks b
cross join lateral (
  select abs(
    case when b.settle_difference <> b.standing_settle then b.settle_difference - b.standing_settle
      else b.fee_difference - b.standing_fee
    end
  ) as amount
) left_of
where b.id = c.break_id;

alter table break_claims
  alter column amount set not null,
  add constraint break_claims_amount check (amount >= 0),
  add constraint break_claims_paid_amount check (
    paid_amount between 0 and amount
    and (state = 'paid' or paid_amount = 0)
  );

-- The work-list of what channels have been asked for.
create index break_claims_filed on break_claims (filed_at) where state = 'filed';
