-- How long the tries of a step of the close worked, without its waits: what later runs are estimated by.

-- Null: not measured.
alter table close_steps add column worked_ms bigint;
alter table close_steps add constraint close_steps_worked check (worked_ms >= 0);
