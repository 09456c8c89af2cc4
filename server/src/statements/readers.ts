import {
  type Channel,
  type FundFlowStatement,
  orFault,
  StatementFault,
  type StatementLine,
  type UnpackedStatement,
} from "../channels/index.ts";
import { readCamt053 } from "./bank/camt053.ts";
import { type BankStatement, totalsOfBank } from "./bank/model.ts";
import { readMappedBank } from "./mapping/bank.ts";
import type { Mapping } from "./mapping/model.ts";
import { type MappedFile, type MappedRow, readMapped } from "./mapping/read.ts";
import {
  type Content,
  contentOfFunds,
  contentOfLines,
  contentOfTrades,
  type Reading,
  type Scope,
  sumUp,
} from "./model.ts";

/** How originals are read: by what was written down with them, and of a channel's by its present reader. */
export type Readers = {
  /** Whether an original keeps its promises, and what it adds up to. */
  content(scope: Scope, reading: Reading, original: Buffer): Promise<Content | StatementFault>;
  /** The lines of an original of kind `trade` that was accepted; of a large one, none of them is held. */
  trades(
    scope: Scope,
    reading: Reading,
    original: Buffer,
  ): Promise<readonly StatementLine[] | AsyncIterable<StatementLine>>;
  /** The file of such an original as its channel wrote it, where it may be too large to be held; or null. */
  unpacked(reading: Reading, original: Buffer): Promise<UnpackedStatement | null>;
  /** An original of kind `fund` that was accepted. */
  funds(scope: Scope, reading: Reading, original: Buffer): Promise<FundFlowStatement>;
  /** An original of kind `bank` that was accepted. */
  bank(scope: Scope, reading: Reading, original: Buffer): Promise<BankStatement>;
  /** The lines of an original of kind `sales` or `commission` that was accepted. */
  rows(scope: Scope, reading: Reading, original: Buffer): Promise<readonly MappedRow[]>;
};

export type ReadersDeps = {
  readonly channel: (name: string) => Channel | null;
  /** A mapping as it was at a version. */
  readonly mapping: (name: string, version: number) => Promise<Mapping>;
  /** Larger statements are refused where they can be read piece by piece; others have limits of their own. */
  readonly unpackedBytesMax: number;
};

export function createReaders(deps: ReadersDeps): Readers {
  const channelOf = ({ channel: name = "" }: Reading): Channel => {
    const channel = deps.channel(name);
    if (channel === null) throw new Error(`no connector for the channel ${name}`);
    return channel;
  };
  const mappingOf = ({ mapping }: Reading): Promise<Mapping> => {
    if (mapping === undefined) throw new Error("the statement was written down without its mapping");
    return deps.mapping(mapping.name, mapping.version);
  };
  const of = ({ statementDate }: Scope, { holder = {} }: Reading) => ({ holder, channelDate: statementDate });

  const trades = (scope: Scope, reading: Reading, original: Buffer) =>
    channelOf(reading).readStatement(of(scope, reading), original);
  const scanned = (scope: Scope, reading: Reading, original: Buffer) =>
    channelOf(reading).large?.scan(of(scope, reading), original, deps.unpackedBytesMax) ?? null;
  const funds = async (scope: Scope, reading: Reading, original: Buffer) => {
    const { readFundFlow, traits } = channelOf(reading);
    if (readFundFlow === undefined) return new StatementFault(0, `${traits.displayName} tells no fund flow`);
    return readFundFlow(of(scope, reading), original, scope.account || undefined);
  };
  const bank = async (scope: Scope, reading: Reading, original: Buffer) => {
    if (reading.reader === "camt053") return readCamt053(scope, original);
    const mapping = await mappingOf(reading);
    return orFault(() => readMappedBank(mapping, scope, original));
  };
  const rows = async (scope: Scope, reading: Reading, original: Buffer) => {
    const mapping = await mappingOf(reading);
    return orFault(() => readMapped(mapping, scope, original));
  };

  return {
    content: async (scope, reading, original) => {
      switch (scope.kind) {
        case "trade": {
          const lines = scanned(scope, reading, original);
          if (lines !== null) return orFault(() => contentOfLines(lines));
          return unlessFault(await trades(scope, reading, original), contentOfTrades);
        }
        case "fund":
          return unlessFault(await funds(scope, reading, original), contentOfFunds);
        case "bank":
          return unlessFault(await bank(scope, reading, original), contentOfBank);
        case "sales":
        case "commission":
          return unlessFault(await rows(scope, reading, original), contentOfRows);
      }
    },
    trades: async (...kept) => {
      const lines = scanned(...kept);
      return lines === null ? held(await trades(...kept)).lines : accepted(lines);
    },
    unpacked: async (reading, original) =>
      (await channelOf(reading).large?.unpacked(original, deps.unpackedBytesMax)) ?? null,
    funds: async (...kept) => held(await funds(...kept)),
    bank: async (...kept) => held(await bank(...kept)),
    rows: async (...kept) => held(await rows(...kept)).rows,
  };
}

function unlessFault<T>(read: T | StatementFault, content: (value: T) => Content): Content | StatementFault {
  return read instanceof StatementFault ? read : content(read);
}

function contentOfBank(statement: BankStatement): Content {
  const { entries, notes = [] } = statement;
  return { lines: entries.length, notes, totals: totalsOfBank(statement) };
}

function contentOfRows({ rows, notes }: MappedFile): Content {
  const figures = rows.map(
    ({ currency, kind, amount, settleAmount, fee }) => [currency, kind, amount, settleAmount, fee] as const,
  );
  return { lines: rows.length, notes, totals: sumUp(figures) };
}

/** What was accepted once is never refused again: a reader may only come to take more. */
async function* accepted<T>(lines: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* lines;
  } catch (error) {
    throw error instanceof StatementFault ? refusedNow(error) : error;
  }
}

function refusedNow({ message }: StatementFault): Error {
  return new Error(`a statement that was accepted is refused now: ${message}`);
}

function held<T>(read: T | StatementFault): T {
  if (read instanceof StatementFault) throw refusedNow(read);
  return read;
}
