/**
 * `receive`: an Alipay statement of so many rows as the platform has it: its archive received, read strictly
 * and kept; then compared with as many movements, by the engine itself and line by line.
 */
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Channel, type ChannelDeps, createAlipay } from "../../../server/src/channels/index.ts";
import { systemClock, systemRandom } from "../../../server/src/kernel/clock.ts";
import { type Cell, openDatabase } from "../../../server/src/kernel/database.ts";
import { createIdMaker, type Id } from "../../../server/src/kernel/ids.ts";
import { silentLog } from "../../../server/src/kernel/log.ts";
import { createEngine, createReconciliation } from "../../../server/src/reconciliation/index.ts";
import { ALIPAY_SELLER } from "../../../server/src/reconciliation/testing/day/writers.ts";
import { createStatementFiles, createStatementsRoom } from "../../../server/src/statements/index.ts";
import { startPlatform } from "../platform.ts";
import { countOf, DATE, judge, keepExtract } from "../reconcile/books.ts";
import { watchMemory } from "../reconcile/memory.ts";
import { writeDayApart } from "../reconcile/write-apart.ts";
import { round } from "../summary.ts";
import type { Given, Outcome } from "./scenario.ts";

const MS_PER_SECOND = 1_000;

export async function receive({ scenario, rows, progress }: Given): Promise<Outcome> {
  const platform = await startPlatform({ progress });
  try {
    const folder = join(platform.dataDir, "reconciliation");
    mkdirSync(folder, { recursive: true });
    return await measure({ scenario, rows, progress, folder, databaseUrl: platform.databaseUrl });
  } finally {
    await platform.stop();
  }
}

type Bench = Pick<Given, "scenario" | "rows" | "progress"> & {
  readonly folder: string;
  readonly databaseUrl: string;
};

async function measure({ scenario, rows, progress, folder, databaseUrl }: Bench): Promise<Outcome> {
  const newId = createIdMaker({ clock: systemClock, random: systemRandom }, 0);
  const channelAccountId = newId();
  const at = (name: string) => join(folder, name);
  const [statement, archive, movements] = [
    at("statement.csv"),
    at("statement.zip"),
    at(`movements-${DATE}.csv`),
  ];
  progress(`writing ${rows} rows and their movements`);
  const day = await writeDayApart({ statement, archive, movements, channelAccountId, date: DATE }, rows);
  await keepExtract(databaseUrl, day);
  const log = silentLog();
  const database = openDatabase({ url: databaseUrl, schema: "cell_0", readersMax: 2, writersMax: 2, log });
  const cell = { ...database, cell: 0, clock: systemClock, random: systemRandom, newId };
  try {
    const statements = statementsOf(cell, folder, channelAccountId);
    const scope = { kind: "trade", channelAccountId, account: "", statementDate: DATE } as const;
    progress("receiving");
    const received = await timed(async () =>
      statements.receive({ scope, original: readFileSync(archive), source: "upload", receivedBy: null }),
    );
    if (received.value.outcome !== "accepted") throw new Error(JSON.stringify(received.value.record));
    const { record } = received.value;
    const compared = { databaseUrl, cell, folder, channelAccountId, statements, record };
    progress("comparing by the engine itself");
    const engine = await compare(compared, 1);
    progress("comparing line by line");
    const lines = await compare(compared, Number.MAX_SAFE_INTEGER);
    const verdicts = [engine, lines].map(({ found, read }) => judge(day, found, read));
    const invariants =
      engine.result !== lines.result ? "the two ways differ" : (verdicts.find(isBad) ?? "ok");
    const figures = {
      scenario,
      rows: day.lines,
      megabytes: round(statSync(statement).size / 1e6, 1),
      receive: figuresOf(received),
      engine: figuresOf(engine),
      lines: figuresOf(lines),
      invariants,
    };
    return { figures, valid: invariants === "ok" };
  } finally {
    await database.close();
  }
}

const isBad = (verdict: string) => verdict !== "ok";

type Took = { readonly seconds: number; readonly rssMbMax: number };

function figuresOf({ seconds, rssMbMax }: Took) {
  return { seconds, rss_mb_max: rssMbMax };
}

async function timed<T>(work: () => Promise<T>): Promise<Took & { readonly value: T }> {
  const memory = watchMemory();
  const begun = performance.now();
  const value = await work();
  const seconds = round((performance.now() - begun) / MS_PER_SECOND, 2);
  return { value, seconds, rssMbMax: memory.stop() };
}

type Statements = ReturnType<typeof statementsOf>;

function statementsOf(cell: Cell, folder: string, channelAccountId: Id) {
  const alipay: Channel = {
    ...createAlipay({} as ChannelDeps),
    merchantOf: () => ({ seller_id: ALIPAY_SELLER }),
  };
  const account = { id: channelAccountId, channel: "alipay", credentialVersion: 1 };
  const channels = {
    account: async () => account as never,
    channel: () => alipay,
    contextOf: async () => ({ credentials: null }) as never,
    budget: { take: async () => true } as never,
  };
  const files = createStatementFiles(join(folder, "kept"), cell.newId);
  return createStatementsRoom({ cell, channels, files }).statements;
}

type Compared = {
  readonly databaseUrl: string;
  readonly cell: Cell;
  readonly folder: string;
  readonly channelAccountId: Id;
  readonly statements: Statements;
  readonly record: Awaited<ReturnType<Statements["receive"]>>["record"];
};

/** As the close does, with another engine each time. */
async function compare(
  { databaseUrl, cell, folder, channelAccountId, statements, record }: Compared,
  largeBytesMin: number,
) {
  const engine = createEngine({ clock: systemClock, folder });
  // Of another hash: else it has been compared already.
  const hash = Buffer.from(`${largeBytesMin}`.padEnd(32));
  const alipayFile = () => statements.unpacked(record);
  const reconciliation = createReconciliation({
    cell,
    engine,
    folder,
    statements: {
      statementsOf: async (scopes) =>
        scopes.map(() => ({ id: record.id, hash, lines: () => statements.trades(record), alipayFile })),
    },
    accountOf: async () => ({ channel: "alipay", fundFlow: "through_platform" }),
    traitsOf: () => null,
    quietMethods: [],
    largeBytesMin,
  });
  const goOn = async () => {};
  try {
    await reconciliation.extract(DATE, goOn);
    const scope = { channelAccountId, channelDate: DATE };
    const took = await timed(() => reconciliation.reconcile([scope], { closedThrough: DATE, goOn }));
    const [result] = took.value;
    if (result?.end !== "done") throw new Error(`it was not compared: ${JSON.stringify(result)}`);
    const { id, lines: read, resultHash } = result.generation;
    return { ...took, read, result: resultHash.toString("hex"), found: await countOf(databaseUrl, id) };
  } finally {
    await engine.stop();
  }
}
