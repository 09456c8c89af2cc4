import type { Pool } from "pg";
import type { Behaviour, Delivery, Refusal, Shop } from "./model.ts";
import { LIMITS } from "./model.ts";
import type { InboxStore } from "./store.ts";

// What a pretend shop was told, and what arrived for it, kept so that both outlive a kill of the server.
const TABLES = `
create table if not exists sandbox_inbox_shops (
  name text collate "C" constraint sandbox_inbox_shops_pkey primary key,
  secrets text[] not null default '{}',
  behaviour_status integer,
  behaviour_delay_ms integer,
  behaviour_body text,
  behaviour_times_left integer
);
create table if not exists sandbox_inbox (
  number bigint generated always as identity constraint sandbox_inbox_pkey primary key,
  shop text collate "C" not null,
  received_at timestamptz not null,
  webhook_id text,
  type text,
  refusal_code text,
  refusal_message text,
  headers json not null,
  body bytea not null,
  answered integer
);
create index if not exists sandbox_inbox_shop_number on sandbox_inbox (shop, number);
create index if not exists sandbox_inbox_webhook on sandbox_inbox (shop, webhook_id, number);
`;

const SHOPS = `
select s.name, s.secrets, s.behaviour_status, s.behaviour_delay_ms, s.behaviour_body, s.behaviour_times_left,
  count(i.number) as deliveries,
  count(i.refusal_code) as refused
from sandbox_inbox_shops s
left join sandbox_inbox i on i.shop = s.name
group by s.name
order by s.name`;

const SECRETS = `
select secrets
from sandbox_inbox_shops
where name = $1
order by name`;

const SET_SECRETS = `
insert into sandbox_inbox_shops (name, secrets)
values ($1, $2)
on conflict (name) do update
set secrets = excluded.secrets`;

const SET_BEHAVIOUR = `
insert into sandbox_inbox_shops
  (name, behaviour_status, behaviour_delay_ms, behaviour_body, behaviour_times_left)
values ($1, $2, $3, $4, $5)
on conflict (name) do update
set behaviour_status = excluded.behaviour_status,
  behaviour_delay_ms = excluded.behaviour_delay_ms,
  behaviour_body = excluded.behaviour_body,
  behaviour_times_left = excluded.behaviour_times_left`;

// The row's lock makes two deliveries at once take two turns; a turn past the last one finds 0 and takes
// none.
const TAKE_BEHAVIOUR = `
update sandbox_inbox_shops
set behaviour_times_left = behaviour_times_left - 1
where name = $1
  and behaviour_status is not null
  and (behaviour_times_left is null or behaviour_times_left > 0)
returning behaviour_status, behaviour_delay_ms, behaviour_body, behaviour_times_left`;

const ADD = `
with shop as (
  insert into sandbox_inbox_shops (name)
  values ($1)
  on conflict (name) do nothing
)
insert into sandbox_inbox
  (shop, received_at, webhook_id, type, refusal_code, refusal_message, headers, body, answered)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning number`;

const FORGET_OLDEST = `
delete from sandbox_inbox
where shop = $1
  and number <= (
    select number
    from sandbox_inbox
    where shop = $1
    order by number desc
    offset $2
    limit 1
  )`;

const SET_ANSWERED = `
update sandbox_inbox
set answered = $2
where number = $1`;

const LIST = `
select i.number, i.shop, i.received_at, i.webhook_id, i.type, i.refusal_code, i.refusal_message,
  i.headers, i.body, i.answered,
  i.refusal_code is null and exists (
    select 1
    from sandbox_inbox earlier
    where earlier.shop = i.shop
      and earlier.webhook_id = i.webhook_id
      and earlier.number < i.number
      and earlier.refusal_code is null
  ) as repeat
from sandbox_inbox i
where ($1::text is null or i.shop = $1)
  and ($2::boolean is null or (i.refusal_code is null) = $2)
  and ($3::text is null or i.type = $3)
  and ($4::text is null or i.webhook_id = $4)
  and ($5::bigint is null or i.number < $5)
order by i.number desc
limit $6`;

const CLEAR = `
delete from sandbox_inbox
where shop = $1`;

interface BehaviourRow {
  behaviour_status: number | null;
  behaviour_delay_ms: number;
  behaviour_body: string;
  behaviour_times_left: number | null;
}

interface ShopRow extends BehaviourRow {
  name: string;
  secrets: string[];
  deliveries: string;
  refused: string;
}

interface DeliveryRow {
  number: string;
  shop: string;
  received_at: Date;
  webhook_id: string | null;
  type: string | null;
  refusal_code: Refusal["code"] | null;
  refusal_message: string | null;
  headers: Record<string, string>;
  body: Buffer;
  answered: number | null;
  repeat: boolean;
}

/** An inbox in PostgreSQL, in tables of its own that it creates itself. */
export function postgresInboxStore(pool: Pool): InboxStore {
  return {
    prepare: async () => {
      await pool.query(TABLES);
    },

    shops: async () => {
      const { rows } = await pool.query<ShopRow>({ name: "inbox_shops", text: SHOPS });
      return rows.map(shopOf);
    },

    secrets: async (shop) => {
      const query = { name: "inbox_secrets", text: SECRETS, values: [shop] };
      const { rows } = await pool.query<{ secrets: string[] }>(query);
      return rows[0]?.secrets ?? [];
    },

    setSecrets: async (shop, secrets) => {
      await pool.query({ name: "inbox_set_secrets", text: SET_SECRETS, values: [shop, secrets] });
    },

    setBehaviour: async (shop, behaviour) => {
      const { status = null, delayMs = null, body = null, timesLeft = null } = behaviour ?? {};
      const values = [shop, status, delayMs, body, timesLeft];
      await pool.query({ name: "inbox_set_behaviour", text: SET_BEHAVIOUR, values });
    },

    takeBehaviour: async (shop) => {
      const query = { name: "inbox_take_behaviour", text: TAKE_BEHAVIOUR, values: [shop] };
      const { rows } = await pool.query<BehaviourRow>(query);
      return rows[0] === undefined ? null : behaviourOf(rows[0]);
    },

    add: async (delivery) => {
      const { shop, receivedAt, webhookId, type, refusal, headers, body, answered } = delivery;
      const values = [
        shop,
        receivedAt,
        webhookId,
        type,
        refusal?.code ?? null,
        refusal?.message ?? null,
        JSON.stringify(headers),
        Buffer.from(body, "utf8"),
        answered,
      ];
      const { rows } = await pool.query<{ number: string }>({ name: "inbox_add", text: ADD, values });
      const number = Number(rows[0]!.number);
      if (number % FORGET_EVERY === 0) {
        const kept = [shop, LIMITS.deliveriesKeptPerShop];
        await pool.query({ name: "inbox_forget_oldest", text: FORGET_OLDEST, values: kept });
      }
      return number;
    },

    setAnswered: async (number, status) => {
      await pool.query({ name: "inbox_set_answered", text: SET_ANSWERED, values: [number, status] });
    },

    list: async (query) => {
      const values = [query.shop, query.verified, query.type, query.webhookId, query.before, query.limit];
      const { rows } = await pool.query<DeliveryRow>({ name: "inbox_list", text: LIST, values });
      return rows.map(deliveryOf);
    },

    clear: async (shop) => {
      await pool.query({ name: "inbox_clear", text: CLEAR, values: [shop] });
    },
  };
}

// Counting to the limit at every delivery would cost more than the few rows kept too long.
const FORGET_EVERY = 100;

function behaviourOf(row: BehaviourRow): Behaviour | null {
  if (row.behaviour_status === null) return null;
  return {
    status: row.behaviour_status,
    delayMs: row.behaviour_delay_ms,
    body: row.behaviour_body,
    timesLeft: row.behaviour_times_left,
  };
}

function shopOf(row: ShopRow): Shop {
  const usedUp = row.behaviour_times_left === 0;
  return {
    name: row.name,
    secrets: row.secrets,
    behaviour: usedUp ? null : behaviourOf(row),
    deliveries: Number(row.deliveries),
    refused: Number(row.refused),
  };
}

function deliveryOf(row: DeliveryRow): Delivery {
  const refusal =
    row.refusal_code === null ? null : { code: row.refusal_code, message: row.refusal_message ?? "" };
  return {
    number: Number(row.number),
    shop: row.shop,
    receivedAt: row.received_at,
    webhookId: row.webhook_id,
    type: row.type,
    refusal,
    headers: row.headers,
    body: row.body.toString("utf8"),
    answered: row.answered,
    repeat: row.repeat,
  };
}
