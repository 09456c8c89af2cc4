-- What a channel called given back while refunds of ours were under way: when one of them fails, the rest of
-- it went back by itself.

alter table attempts add column told_refunded bigint not null default 0;
alter table attempts alter column told_refunded drop default;
