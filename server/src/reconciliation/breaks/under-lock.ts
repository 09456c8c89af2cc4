/** Applying a generation: what it needs, and the lock under which it makes breaks. */
import type { ChannelAccount, Channels } from "../../channels/index.ts";
import type { Cell, Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import { type Day, type FundFlow, lockDay } from "../../ledger/index.ts";
import type { StatementSays } from "../../payments/index.ts";
import type { Generation } from "../model.ts";
import { generationOf, lockAccount, newerGeneration } from "./store.ts";

export type ApplyDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "account">;
  readonly statementSays: StatementSays;
  /** Opens the ledger accounts of a merchant and channel account; safe to repeat. */
  readonly openAccounts: (openings: readonly AccountsOpening[]) => Promise<void>;
};

export type AccountsOpening = {
  readonly merchantId: Id;
  readonly currency: Currency;
  readonly channelAccountId: Id;
  readonly fundFlow: FundFlow;
};

/** What is applied, and the contract that it is of. */
export type About = { readonly generation: Generation; readonly account: ChannelAccount };

/** One transaction of an apply, unless the generation is applied or superseded meanwhile. */
export function underLock(
  { cell }: Pick<ApplyDeps, "cell">,
  { generation }: About,
  work: (tx: Tx, day: Day) => Promise<void>,
): Promise<void> {
  return cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      await lockAccount(tx, generation.channelAccountId);
      const present = await generationOf(tx, generation.id);
      if (present?.state !== "found" || (await newerGeneration(tx, generation)) !== null) return;
      await work(tx, day);
    },
    { repeatable: true },
  );
}
