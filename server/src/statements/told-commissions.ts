/** Statements by which channels tell our commission: which are to be read for that, and what they tell. */
import type { ChannelAccount } from "../channels/index.ts";
import type { Id } from "../kernel/ids.ts";
import { type DueReadings, dueReadings } from "./due-readings.ts";
import type { MappedRow } from "./mapping/read.ts";
import type { StatementRecord } from "./model.ts";
import type { Statements, StatementsDeps } from "./service.ts";

/** What a channel's commission statement of a date tells. */
export type ToldCommissions = {
  readonly statementId: Id;
  readonly channelAccountId: Id;
  readonly statementDate: string;
  readonly rows: readonly MappedRow[];
};

export type CommissionStatements = DueReadings & {
  /** What a claimed one tells. Throws for one that cannot be read so, and leaves it due. */
  open(id: Id): Promise<ToldCommissions>;
};

/** Whether a statement is one that tells commission on money that does not pass us. */
export function tellsCommissions(
  account: ChannelAccount | null,
  { kind, source }: Pick<StatementRecord, "kind" | "source">,
): boolean {
  if (account === null || account.fundFlow === "through_platform") return false;
  return kind === "commission" && source !== "none_published";
}

export function createCommissionStatements(
  { cell, around = (_, work) => work() }: Pick<StatementsDeps, "cell" | "around">,
  statements: Pick<Statements, "get" | "rows">,
): CommissionStatements {
  return {
    ...dueReadings(cell.db, "commissions"),
    open: async (id) => {
      const record = await statements.get(id);
      const { kind, channelAccountId, statementDate } = record;
      if (kind !== "commission" || channelAccountId === null) {
        throw new Error(`the statement ${id} tells no commission`);
      }
      const rows: MappedRow[] = [];
      await around("reads what a channel owes of commission", async () => {
        for await (const row of statements.rows(record)) rows.push(row);
      });
      return { statementId: id, channelAccountId, statementDate, rows };
    },
  };
}
