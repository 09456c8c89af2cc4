import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Binding, Receiver } from "../model.ts";

const RECEIVER = "id, merchant_id, label, name_sealed, state, created_at, decided_at";

const BINDING = `id, receiver_id, merchant_id, channel_account_id, channel, type, account, relation, state,
  failure_code, failure_message, tries, due_at, created_at, finished_at`;

const receiverInsert = sql(
  "receivers_insert",
  `insert into receivers (${RECEIVER})
   values ($1, $2, $3, $4, $5, $6, $7)
   on conflict do nothing`,
);

export async function insertReceiver(tx: Tx, receiver: Receiver): Promise<void> {
  const { id, merchantId, label, nameSealed, state, createdAt, decidedAt } = receiver;
  await tx.run(receiverInsert, [id, merchantId, label, nameSealed, state, createdAt, decidedAt]);
}

const bindingsInsert = sql(
  "receiver_bindings_insert",
  `insert into receiver_bindings (${BINDING})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
     $9::text[], $10::text[], $11::text[], $12::int[], $13::timestamptz[], $14::timestamptz[],
     $15::timestamptz[]
   )
   on conflict do nothing`,
);

const BINDING_KEYS: readonly (keyof Binding)[] = [
  "id",
  "receiverId",
  "merchantId",
  "channelAccountId",
  "channel",
  "type",
  "account",
  "relation",
  "state",
  "failureCode",
  "failureMessage",
  "tries",
  "dueAt",
  "createdAt",
  "finishedAt",
];

export async function insertBindings(tx: Tx, bindings: readonly Binding[]): Promise<void> {
  if (bindings.length > 0) await tx.run(bindingsInsert, columnsOf(bindings, BINDING_KEYS));
}

const receiversById = sql(
  "receivers_by_id",
  `select ${RECEIVER}
   from receivers
   where id = any($1::uuid[])
   order by id`,
);

export function findReceivers(db: Db, ids: readonly Id[]): Promise<Receiver[]> {
  return db.all<Receiver>(receiversById, [ids]);
}

const receiverLock = sql(
  "receivers_lock",
  `select ${RECEIVER} from receivers where id = $1 for no key update`,
);

export function lockReceiver(tx: Tx, id: Id): Promise<Receiver | null> {
  return tx.one<Receiver>(receiverLock, [id]);
}

const receiverDecide = sql(
  "receivers_decide",
  `update receivers
   set state = $2, decided_at = $3
   where id = $1`,
);

export async function decideReceiver(tx: Tx, id: Id, state: Receiver["state"], at: Date): Promise<void> {
  await tx.run(receiverDecide, [id, state, at]);
}

const bindingsStart = sql(
  "receiver_bindings_start",
  `update receiver_bindings
   set state = 'created', due_at = $2, tries = 0, failure_code = null, failure_message = null,
     finished_at = null
   where receiver_id = $1
     and state in ('proposed', 'failed')`,
);

/** What is not bound yet is to be bound now. */
export async function startBindings(tx: Tx, receiverId: Id, at: Date): Promise<void> {
  await tx.run(bindingsStart, [receiverId, at]);
}

const bindingsOf = sql(
  "receiver_bindings_of",
  `select ${BINDING}
   from receiver_bindings
   where receiver_id = any($1::uuid[])
   order by receiver_id, id`,
);

export function bindingsOfReceivers(db: Db, receiverIds: readonly Id[]): Promise<Binding[]> {
  return db.all<Binding>(bindingsOf, [receiverIds]);
}

const bindingsClaim = sql(
  "receiver_bindings_claim",
  `with claimed as (
     update receiver_bindings b
     set due_at = $2
     from (
       select id
       from receiver_bindings
       where due_at <= $1
       order by due_at
       limit $3
       for no key update skip locked
     ) d
     where b.id = d.id
     returning ${BINDING.split(",")
       .map((column) => `b.${column.trim()}`)
       .join(", ")}
   )
   select ${BINDING}
   from claimed
   order by id`,
);

export function claimBindings(tx: Tx, now: Date, until: Date, limit: number): Promise<Binding[]> {
  return tx.all<Binding>(bindingsClaim, [now, until, limit]);
}

const bindingUpdate = sql(
  "receiver_bindings_update",
  `update receiver_bindings
   set state = $2, failure_code = $3, failure_message = $4, tries = $5, due_at = $6, finished_at = $7
   where id = $1
     and state = 'created'`,
);

/** What came of a call, where nobody knew before. */
export async function updateBinding(tx: Tx, binding: Binding): Promise<void> {
  const { id, state, failureCode, failureMessage, tries, dueAt, finishedAt } = binding;
  await tx.run(bindingUpdate, [id, state, failureCode, failureMessage, tries, dueAt, finishedAt]);
}

export type ReceiverFilter = { readonly merchantId: Id | null; readonly state: string | null };

const receiversPage = sql(
  "receivers_list",
  `select ${RECEIVER}
   from receivers
   where ($1::uuid is null or merchant_id = $1)
     and ($2::text is null or state = $2)
     and ($3::uuid is null or id < $3)
   order by id desc
   limit $4`,
);

/** Receivers newest first, after the one with id `after`. */
export function listReceivers(
  db: Db,
  { merchantId, state }: ReceiverFilter,
  after: Id | null,
  limit: number,
): Promise<Receiver[]> {
  return db.all<Receiver>(receiversPage, [merchantId, state, after, limit]);
}
