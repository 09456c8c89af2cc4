-- How long the tries of a step of the close worked, without its waits, and on how much: what later runs are
-- estimated by.

-- Of all tries, those that failed and those that ended at a wait too. Null: not measured.
alter table close_steps add column worked_ms bigint;
-- What they worked on in that time; more than is done where a try began anew.
alter table close_steps add column units_worked bigint not null default 0;
-- Up to when these are counted; null: not measured.
alter table close_steps add column told_at timestamptz;
alter table close_steps add constraint close_steps_worked check (worked_ms >= 0 and units_worked >= 0);
alter table close_steps alter column units_worked drop default;
