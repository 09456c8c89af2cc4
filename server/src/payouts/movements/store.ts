/** The SQL of what channels' fund bills tell beside trades and payouts. */
import type { ToldMovement } from "../../channels/index.ts";
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id, IdMaker } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

/** What an open part of a movement may be. */
export const PLACES = ["cost", "merchant", "income", "elsewhere"] as const;
export type Place = (typeof PLACES)[number];

/** A kind of movement of one date, as the current version of its statement has it. */
export type Movement = {
  readonly id: Id;
  readonly channelAccountId: Id;
  readonly merchantId: Id;
  readonly channelDate: string;
  readonly currency: Currency;
  readonly kind: string;
  readonly statementId: Id;
  readonly lines: number;
  readonly numbers: readonly string[];
  /** What came less what went, in millionths of the major unit. */
  readonly toldMillionths: bigint;
  /** What of it people have explained. */
  readonly placedMillionths: bigint;
};

const COLUMNS = `
  id, channel_account_id, merchant_id, teller, channel_date, currency, kind, statement_id, lines, numbers,
  told_millionths, placed_millionths`;

const lockDaySql = sql(
  "channel_movements_lock_day",
  `select id
   from channel_movements
   where teller = $1
     and channel_date = $2
   order by id
   for no key update`,
);

const keepSql = sql(
  "channel_movements_keep",
  `insert into channel_movements (${COLUMNS})
   select t.id, $1, $2, $3, $4, t.currency, t.kind, $5, t.lines, string_to_array(t.numbers, E'\\n'),
     t.told, 0
   from unnest($6::uuid[], $7::text[], $8::text[], $9::integer[], $10::text[], $11::bigint[])
     as t (id, currency, kind, lines, numbers, told)
   order by t.currency, t.kind
   on conflict on constraint channel_movements_kind do update
   set statement_id = excluded.statement_id, lines = excluded.lines, numbers = excluded.numbers,
     told_millionths = excluded.told_millionths`,
);

const goneSql = sql(
  "channel_movements_gone",
  `update channel_movements m
   set statement_id = $3, lines = 0, numbers = '{}', told_millionths = 0
   from (
     select id
     from channel_movements
     where teller = $1
       and channel_date = $2
       and statement_id <> $3
     order by id
     for no key update
   ) g
   where m.id = g.id`,
);

/**
 * In place of what an earlier version of the date's statement told; what was explained of it stays. Two
 * contracts with one merchant's number at the channel have one such statement: whichever of them read it last
 * counts, and it is told of the one that told it first.
 */
export async function keepMovements(
  tx: Tx,
  of: {
    readonly channelAccountId: Id;
    readonly merchantId: Id;
    readonly teller: string;
    readonly channelDate: string;
    readonly statementId: Id;
  },
  told: readonly ToldMovement[],
  newId: IdMaker,
): Promise<void> {
  const { channelAccountId, merchantId, teller, channelDate, statementId } = of;
  // Another contract's reading of the same day takes the rows in the same order.
  await tx.run(lockDaySql, [teller, channelDate]);
  if (told.length > 0) {
    const rows = told.map((one) => ({ ...one, id: newId(), numbers: one.numbers.join("\n") }));
    const columns = columnsOf(rows, ["id", "currency", "kind", "lines", "numbers", "millionths"]);
    await tx.run(keepSql, [channelAccountId, merchantId, teller, channelDate, statementId, ...columns]);
  }
  await tx.run(goneSql, [teller, channelDate, statementId]);
}

const byIdSql = sql(
  "channel_movement_by_id",
  `select ${COLUMNS}
   from channel_movements
   where id = $1`,
);
const lockSql = sql(
  "channel_movement_lock",
  `select ${COLUMNS}
   from channel_movements
   where id = $1
   for no key update`,
);

export function movementById(db: Db, id: Id): Promise<Movement | null> {
  return db.one<Movement>(byIdSql, [id]);
}

/** Until this transaction ends, nobody else explains it, and no new version of its statement is read. */
export function lockMovement(tx: Tx, id: Id): Promise<Movement | null> {
  return tx.one<Movement>(lockSql, [id]);
}

const placedSql = sql(
  "channel_movement_placed",
  `select id
   from channel_movement_placements
   where id = $1`,
);
const insertSql = sql(
  "channel_movement_place",
  `insert into channel_movement_placements (id, movement_id, amount, millionths, placed_as, placed_at)
   values ($1, $2, $3, $4, $5, $6)`,
);
const addSql = sql(
  "channel_movement_add_placed",
  `update channel_movements
   set placed_millionths = placed_millionths + $2
   where id = $1`,
);

export async function isPlaced(tx: Tx, approvalId: Id): Promise<boolean> {
  return (await tx.one<{ id: Id }>(placedSql, [approvalId])) !== null;
}

/** Under the movement's lock. @param placed in minor units, and the same in millionths */
export async function place(
  tx: Tx,
  movementId: Id,
  placed: {
    readonly approvalId: Id;
    readonly amount: bigint;
    readonly millionths: bigint;
    readonly as: Place;
    readonly at: Date;
  },
): Promise<void> {
  const { approvalId, amount, millionths, as, at } = placed;
  await tx.run(insertSql, [approvalId, movementId, amount, millionths, as, at]);
  await tx.run(addSql, [movementId, millionths]);
}

/** What a fund bill tells and nothing explains, or tells otherwise than the books. */
export type FundDifference = {
  readonly what: "fund_unexplained" | "shares_differ";
  /** The movement's id, or the channel account's. */
  readonly key: string;
  readonly movementId: Id | null;
  readonly channelAccountId: Id;
  readonly date: string;
  readonly currency: Currency;
  readonly kind: string;
  readonly lines: number;
  readonly numbers: readonly string[];
  /** What is open of it: by the channel's statement less by the books, millionths of the major unit. */
  readonly openMillionths: bigint;
};

// Two contracts with one merchant's number at the channel have one fund bill, told of the first of them. A
// share that the two sides date to neighbouring days, at midnight, differs on both by the same.
const OPEN = `
  with open as (
    select 'fund_unexplained' as what, id::text as key, id as movement_id, channel_account_id,
      channel_date as date, currency::text as currency, kind, lines, numbers,
      told_millionths - placed_millionths as open_millionths
    from channel_movements
    where told_millionths <> placed_millionths
    union all
    select 'shares_differ', d.channel_account_id::text, null, d.channel_account_id, d.channel_date,
      d.currency::text, '分账', 0, '{}', d.shared_millionths - d.booked_share_millionths
    from channel_money_days d
    where d.shared_millionths <> d.booked_share_millionths
      -- As the index says it.
      and d.shared_millionths is distinct from d.booked_share_millionths
      and not exists (
        select
        from channel_money_days f
        where f.channel_date = d.channel_date
          and f.teller = d.teller
          and f.shared_millionths is not null
          and f.channel_account_id < d.channel_account_id
      )
      and not exists (
        select
        from channel_money_days n
        where n.channel_account_id = d.channel_account_id
          and n.currency = d.currency
          and n.channel_date in (d.channel_date - 1, d.channel_date + 1)
          and n.shared_millionths - n.booked_share_millionths
            = d.booked_share_millionths - d.shared_millionths
      )
  )`;

const listSql = sql(
  "fund_differences_list",
  `${OPEN}
   select *
   from open o
   where $1::date is null
     or (o.date, o.key) > ($1, $2)
   order by o.date, o.key
   limit $3`,
);

/** The oldest first, from the one after `after` on. */
export function listFundDifferences(
  db: Db,
  after: readonly [date: string, key: string] | null,
  limit: number,
): Promise<FundDifference[]> {
  const [date, key] = after ?? [null, null];
  return db.all<FundDifference>(listSql, [date, key, limit]);
}

const countSql = sql(
  "fund_differences_count",
  `${OPEN}
   select w.what, count(o.key) as count, min(o.date) as oldest
   from unnest(array['fund_unexplained', 'shares_differ']) as w (what)
   left join open o on o.what = w.what
   group by w.what
   order by w.what`,
);

export type FundDifferenceCount = {
  readonly what: FundDifference["what"];
  readonly count: bigint;
  readonly oldest: string | null;
};

export function countFundDifferences(db: Db): Promise<FundDifferenceCount[]> {
  return db.all<FundDifferenceCount>(countSql);
}
