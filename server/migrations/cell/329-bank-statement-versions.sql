-- Of a date's statements the newest version says the balances, in whatever order they are read.
alter table bank_statements
  add column version integer not null default 0;
