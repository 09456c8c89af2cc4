-- How a merchant's cashier looks and what it offers. Every change is a row of its own, and the newest counts.

create table cashier_settings (
  merchant_id uuid not null,
  version integer not null,
  display_name text,
  colour text,
  logo bytea,
  logo_type text,
  logo_version integer,
  methods text not null,
  hidden text[] not null,
  set_by text not null,
  created_at timestamptz not null,
  constraint cashier_settings_pkey primary key (merchant_id, version),
  constraint cashier_settings_colour check (colour ~ '^#[0-9a-f]{6}$'),
  constraint cashier_settings_logo check (
    (logo is null) = (logo_type is null) and (logo is null) = (logo_version is null)
  ),
  constraint cashier_settings_logo_size check (octet_length(logo) <= 32768)
);

create constraint trigger cashier_settings_revision
  after insert or update or delete on cashier_settings
  deferrable initially deferred for each row execute function advance_revision();
