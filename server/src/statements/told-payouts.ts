/** Statements of channels that tell what they pay out: which are to be read for that, and what they tell. */
import type { ChannelAccount, Channels, ToldMoney } from "../channels/index.ts";
import { StatementFault } from "../channels/index.ts";
import { type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { StatementRecord } from "./model.ts";
import type { Statements, StatementsDeps } from "./service.ts";

/** What a channel's statement of a date tells of what it pays out. */
export type ToldPayouts = {
  readonly statementId: Id;
  readonly channelAccountId: Id;
  readonly channelDate: string;
  readonly version: number;
  /** Which merchant at which channel: the same for every contract with that merchant's number. */
  readonly teller: string;
  /** Who pays, as banks' statements name him. */
  readonly payer: string;
  readonly told: ToldMoney;
};

export type PayoutStatements = {
  /** Claims accepted statements that are to be read for payouts: moves their due times to `until`. */
  claim(tx: Tx, now: Date, until: Date, limit: number): Promise<Id[]>;
  /** What a claimed one tells. Throws for one that cannot be read so, and leaves it due. */
  open(id: Id): Promise<ToldPayouts>;
  /**
   * Whether it is still the current one of its day. In the transaction that ends with `done`, so that the
   * versions of a day are taken one after another.
   */
  lockCurrent(tx: Tx, id: Id): Promise<boolean>;
  /** The effect of reading it is written, in this transaction. */
  done(tx: Tx, id: Id): Promise<void>;
  /** How many are due at `now`, and since when. */
  backlog(now: Date): Promise<{ readonly due: bigint; readonly oldestDueAt: Date | null }>;
};

/** Whether a statement is one that tells payouts of money that passes us, on the channel's main account. */
export function tellsPayouts(
  { channels }: { readonly channels: Pick<Channels, "channel"> },
  account: ChannelAccount | null,
  { kind, account: part, source }: Pick<StatementRecord, "kind" | "account" | "source">,
): boolean {
  if (account === null || account.fundFlow !== "through_platform") return false;
  if (part !== "" || source === "none_published") return false;
  return channels.channel(account.channel)?.payouts?.toldIn === kind;
}

const claimSql = sql(
  "statements_claim_payouts",
  `with due as materialized (
     select id
     from statements
     where payouts_due_at <= $1
     order by payouts_due_at, id
     limit $3
     for no key update skip locked
   )
   update statements s
   set payouts_due_at = $2
   from due
   where s.id = due.id
   returning s.id`,
);

const lockSql = sql(
  "statements_lock_scope",
  `select f.id
   from statements s
   join statements f on f.kind = s.kind
     and f.channel_account_id = s.channel_account_id
     and f.account = s.account
     and f.statement_date = s.statement_date
     and f.version = 1
   where s.id = $1
   for no key update of f`,
);

const newerSql = sql(
  "statements_newer",
  `select n.id
   from statements s
   join statements n on n.kind = s.kind
     and n.channel_account_id = s.channel_account_id
     and n.account = s.account
     and n.statement_date = s.statement_date
     and n.version > s.version
   where s.id = $1
   limit 1`,
);

const doneSql = sql("statement_payouts_done", `update statements set payouts_due_at = null where id = $1`);

const backlogSql = sql(
  "statements_payouts_backlog",
  `select count(*) as due, min(payouts_due_at) as oldest_due_at
   from statements
   where payouts_due_at <= $1`,
);

export function createPayoutStatements(
  { cell, channels, around = (_, work) => work() }: Pick<StatementsDeps, "cell" | "channels" | "around">,
  statements: Pick<Statements, "get" | "original">,
): PayoutStatements {
  const db: Db = cell.db;
  return {
    claim: async (tx, now, until, limit) =>
      (await tx.all<{ id: Id }>(claimSql, [now, until, limit])).map(({ id }) => id),
    open: async (id) => {
      const record = await statements.get(id);
      const { channelAccountId, statementDate: channelDate, version, reading } = record;
      const { channel: name = "", holder = {} } = reading;
      const payouts = channels.channel(name)?.payouts;
      if (payouts === undefined || channelAccountId === null || version === null) {
        throw new Error(`the statement ${id} tells no payouts`);
      }
      const told = await around("reads what a channel paid out", async () =>
        payouts.read({ holder, channelDate }, await statements.original(record)),
      );
      if (told instanceof StatementFault) {
        throw new Error(`the statement ${id} cannot be read for payouts: ${told.message}`);
      }
      const teller = `${name} ${told.account}`;
      const { payer } = payouts;
      return { statementId: id, channelAccountId, channelDate, version, teller, payer, told };
    },
    lockCurrent: async (tx, id) => {
      await tx.one(lockSql, [id]);
      return (await tx.one(newerSql, [id])) === null;
    },
    done: async (tx, id) => {
      await tx.run(doneSql, [id]);
    },
    backlog: async (now) =>
      (await db.one<{ due: bigint; oldestDueAt: Date | null }>(backlogSql, [now])) ?? {
        due: 0n,
        oldestDueAt: null,
      },
  };
}
