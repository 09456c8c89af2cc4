-- What a claim that was won brought back, which may be a part of it, and the fee besides.

alter table disputes
  add column returned_amount bigint not null default 0,
  add column returned_fee bigint not null default 0,
  add constraint disputes_returned check (
    returned_amount between 0 and amount
    and returned_fee between 0 and fee
  );
