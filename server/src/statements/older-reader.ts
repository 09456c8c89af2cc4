/** Statements that an older reader of their channel accepted, whose lines are others by the present one. */
import { isDeepStrictEqual } from "node:util";
import { type Channel, StatementFault } from "../channels/index.ts";
import type { Tx } from "../kernel/database.ts";
import type { StatementRecord } from "./model.ts";
import type { Readers } from "./readers.ts";
import * as store from "./store.ts";

/** Takes the place of what the older reader wrote down, once, whoever else does it too. */
export type ReadAnew = (tx: Tx) => Promise<void>;

type OlderReaderDeps = {
  readonly readers: Pick<Readers, "content">;
  readonly channel: (name: string) => Channel | null;
  readonly original: (record: StatementRecord) => Promise<Buffer>;
};

/** The version of a channel's present reader. */
export function versionOf(channel: Channel | null): number {
  return channel?.traits.statements.readerVersion ?? 1;
}

/** Null: no older reader accepted it, or the present one refuses it, which comparing it says. */
export async function readAnew(
  { readers, channel, original }: OlderReaderDeps,
  record: StatementRecord,
): Promise<ReadAnew | null> {
  const { id, kind, source, lines, reading } = record;
  if (kind !== "trade" || source === "none_published") return null;
  const version = versionOf(channel(reading.channel ?? ""));
  if ((reading.version ?? 1) >= version) return null;
  const content = await readers.content(record, reading, await original(record));
  if (content instanceof StatementFault) return null;
  return async (tx) => {
    if (!(await store.lockReadBefore(tx, id, version))) return;
    const isSame = isDeepStrictEqual(await store.findTotals(tx, id), content.totals);
    const note = `read anew by a later version, it has ${content.lines} lines instead of ${lines}`;
    await store.writeReadAnew(tx, id, {
      reading: { ...reading, version },
      content: isSame ? content : { ...content, notes: [...content.notes, note] },
    });
  };
}
