-- What a contract was tried out with: an account that got another gateway or merchant since was not tried.
-- Null: begun before it was remembered, which counts as another.

alter table verifications add column counterpart_revision integer;
