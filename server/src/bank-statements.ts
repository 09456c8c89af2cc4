/** The part of the composition root that hands banks' statements from who receives them to who reads them. */
import type { Id } from "./kernel/ids.ts";
import type { BankEntry, BankStatements } from "./payouts/index.ts";
import type { StatementsRoom, BankEntry as ToldEntry } from "./statements/index.ts";

const scopeOf = (account: string, statementDate: string) =>
  ({ kind: "bank", channelAccountId: null, account, statementDate }) as const;

/** What payouts see of the statements room. */
export function bankStatementsOf({ statements }: Pick<StatementsRoom, "statements">): BankStatements {
  return {
    open: async (id: Id) => {
      const record = await statements.get(id);
      const told = await statements.bank(record);
      const { account: accountNumber, statementDate: date, currency, opening, closing } = told;
      const entries = told.entries.map((entry) => readable(entry, date));
      const { version } = record;
      if (version === null) throw new Error(`the statement ${id} was refused: there is nothing to read`);
      return { accountNumber, date, version, currency, opening, closing, entries };
    },
    receive: async (account, date, original) => {
      await statements.receive({
        scope: scopeOf(account, date),
        original,
        source: "download",
        receivedBy: null,
      });
    },
    isThere: async (account, date) => (await statements.current(scopeOf(account, date))) !== null,
  };
}

/** Its reference tells an entry from every other of the account, in each statement that has it. */
function readable(entry: ToldEntry, date: string): BankEntry {
  const { bookedOn, valueOn, isReversal, endToEndId } = entry;
  const reference = entry.bankReference ?? `${date}/${entry.line}`;
  return {
    entryRef: entry.part === null ? reference : `${reference}/${entry.part}`,
    bookingDate: bookedOn ?? date,
    valueDate: valueOn ?? bookedOn ?? date,
    amount: entry.amount,
    currency: entry.currency,
    endToEndId: isReversal ? null : endToEndId,
    originalEndToEndId: isReversal ? endToEndId : null,
    msgId: entry.messageId,
    counterpartyName: entry.counterpartyName,
    counterpartyAccount: entry.counterpartyAccount,
    returnReason: entry.returnReason ?? (isReversal ? "NARR" : null),
    info: entry.text === "" ? null : entry.text,
  };
}
