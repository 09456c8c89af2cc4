-- A claim on a channel has an amount, may be paid in part, and says by whom and on what it was noted.

alter table break_claims
  -- What is claimed, and what of it the channel has paid, in minor units of the break's currency.
  add column amount bigint,
  add column paid_amount bigint not null default 0,
  -- The number of the letter, ticket or bank entry that shows it.
  add column evidence text,
  add column filed_by uuid,
  add column ended_by uuid,
  -- The approval by which what was paid is in the books; of a claim from before this, where the break does
  -- not know it any more, the break itself.
  add column booked_by uuid,
  -- What of it is in the books: no more than was left of the break.
  add column booked_amount bigint not null default 0;

update break_claims c
set amount = claimed.amount,
  paid_amount = case when c.state = 'paid' then claimed.amount else 0 end,
  booked_by = case
    when c.state <> 'paid' then null
    -- The proposal that it names now is a later one.
    when b.standing_resolution = 'recover_from_channel' then b.id
    when b.resolution = 'recover_from_channel' then coalesce(b.proposal_id, b.id)
  end,
  booked_amount = case
    when c.state = 'paid' and 'recover_from_channel' in (b.standing_resolution, b.resolution)
      then claimed.amount
    else 0
  end
from break_claims k
join breaks b on b.id = k.break_id
cross join lateral (
  -- What was made good stands, also where a corrected file denies it; else what is left.
  select abs(
    case
      when k.state = 'paid' and b.standing_resolution = 'recover_from_channel'
        then coalesce(nullif(b.standing_settle, 0), b.standing_fee)
      when b.settle_difference <> b.standing_settle then b.settle_difference - b.standing_settle
      else b.fee_difference - b.standing_fee
    end
  ) as amount
) claimed
where k.break_id = c.break_id;

alter table break_claims
  alter column amount set not null,
  add constraint break_claims_amount check (amount >= 0),
  add constraint break_claims_paid_amount check (
    paid_amount between 0 and amount
    and (state = 'paid' or paid_amount = 0)
  ),
  add constraint break_claims_booked_amount check (
    booked_amount between 0 and paid_amount
    and (booked_by is not null or booked_amount = 0)
  );

-- The work-list of what channels have been asked for, and of what they have paid and the books do not have.
create index break_claims_filed on break_claims (filed_at) where state = 'filed';
create index break_claims_paid on break_claims (break_id)
where state = 'paid'
  and (booked_by is null or booked_amount < paid_amount);
