/** Statements of channels that tell what they pay out: which are to be read for that, and what they tell. */
import type { ChannelAccount, Channels, ToldMoney } from "../channels/index.ts";
import { StatementFault } from "../channels/index.ts";
import type { Id } from "../kernel/ids.ts";
import { type DueReadings, dueReadings } from "./due-readings.ts";
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

export type PayoutStatements = DueReadings & {
  /** What a claimed one tells. Throws for one that cannot be read so, and leaves it due. */
  open(id: Id): Promise<ToldPayouts>;
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

export function createPayoutStatements(
  { cell, channels, around = (_, work) => work() }: Pick<StatementsDeps, "cell" | "channels" | "around">,
  statements: Pick<Statements, "get" | "original">,
): PayoutStatements {
  return {
    ...dueReadings(cell.db, "payouts"),
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
  };
}
