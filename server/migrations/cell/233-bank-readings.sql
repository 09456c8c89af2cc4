-- What became of each bank statement that was received: it is read into the books once, however it came.

create table bank_readings (
  statement_id uuid not null,
  account_number text not null,
  statement_date date not null,
  -- waiting: a worker reads it; read; refused: for the reason beside it, until somebody asks again.
  state text not null,
  due_at timestamptz,
  reason text,
  entries integer,
  -- Entries that nobody had to be asked about.
  placed integer,
  read_at timestamptz,
  constraint bank_readings_pkey primary key (statement_id),
  constraint bank_readings_state check (state in ('waiting', 'read', 'refused')),
  constraint bank_readings_due check ((state = 'waiting') = (due_at is not null)),
  constraint bank_readings_reason check ((state = 'refused') = (reason is not null)),
  constraint bank_readings_read check ((state = 'read') = (entries is not null and placed is not null))
);

create index bank_readings_due_at on bank_readings (due_at) where due_at is not null;
create index bank_readings_refused on bank_readings (statement_id) where state = 'refused';
create index statements_of_banks on statements (id) where kind = 'bank' and state = 'accepted';
