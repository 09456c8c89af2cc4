import { type Channel, StatementFault, type StatementLine } from "../channels/index.ts";
import { type Content, contentOfFunds, contentOfTrades, type Reading, type Scope } from "./model.ts";

/** How originals are read: by what was written down with them, so that they are read alike for ever. */
export type Readers = {
  /** Whether an original keeps its promises, and what it adds up to. */
  content(scope: Scope, reading: Reading, original: Buffer): Promise<Content | StatementFault>;
  /** The lines of an original of kind `trade` that was accepted. */
  trades(scope: Scope, reading: Reading, original: Buffer): Promise<readonly StatementLine[]>;
};

export function createReaders(deps: { readonly channel: (name: string) => Channel | null }): Readers {
  const channelOf = ({ channel: name = "" }: Reading): Channel => {
    const channel = deps.channel(name);
    if (channel === null) throw new Error(`no connector for the channel ${name}`);
    return channel;
  };
  const of = ({ statementDate }: Scope, { holder = {} }: Reading) => ({ holder, channelDate: statementDate });
  return {
    content: async (scope, reading, original) => {
      const channel = channelOf(reading);
      if (scope.kind === "trade") {
        const read = await channel.readStatement(of(scope, reading), original);
        return read instanceof StatementFault ? read : contentOfTrades(read);
      }
      const read = await channel.readFundFlow?.(of(scope, reading), original, scope.account || undefined);
      if (read === undefined) throw new Error(`${channel.traits.name} tells no fund flow`);
      return read instanceof StatementFault ? read : contentOfFunds(read);
    },
    trades: async (scope, reading, original) =>
      held(await channelOf(reading).readStatement(of(scope, reading), original)).lines,
  };
}

/** What was accepted once is read alike again: the bytes are the same, and so must be the reader. */
function held<T>(read: T | StatementFault): T {
  if (read instanceof StatementFault) {
    throw new Error(`a statement that was accepted is refused now: ${read.message}`);
  }
  return read;
}
