/**
 * `growth`: the same open loop on empty tables and beside the payments of months, which are loaded by COPY.
 */
import { tmpdir } from "node:os";
import { findCeiling, warmUp } from "../ceiling.ts";
import { compareAll, compareOnServer } from "../comparisons/beside.ts";
import { refuseShortDisk } from "../growth/disk.ts";
import { fill } from "../growth/fill.ts";
import { stretch } from "../run.ts";
import { onStage, SPREAD, type Stage } from "../stage.ts";
import { type Figures, round, summaryOf } from "../summary.ts";
import { type Given, type Outcome, outcomeOf } from "./scenario.ts";

const OPEN_SHARE = 0.95;

export async function growth(given: Given): Promise<Outcome> {
  const { seconds, payments, progress, profileDir, inFlight } = given;
  const comparing = { seconds, progress, inFlight, compare: given.compare ?? false };
  await refuseShortDisk(tmpdir(), payments);
  const staged = await onStage({ shape: SPREAD, progress, profileDir, inFlight }, async (stage) => {
    await warmUp(stage, seconds);
    const empty = await findCeiling(stage, seconds);
    const perSecond = empty.completedPerSecond * OPEN_SHARE;
    const phase = { do: "phase", perSecond } as const;
    progress(
      `empty: at most ${Math.round(empty.completedPerSecond)}/s; open loop at ${Math.round(perSecond)}/s`,
    );
    const before = await stretch(stage, { label: "empty", seconds, phase });
    const loaded = await load(stage, payments);
    await warmUp(stage, seconds);
    const grown = await findCeiling(stage, seconds);
    const after = await stretch(stage, { label: "grown", seconds, phase });
    const beside = await compareOnServer(comparing, stage);
    return { empty, before, loaded, grown, after, beside };
  });
  const { empty, before, loaded, grown, after, beside } = staged.result;
  return outcomeOf(staged.verdict, after, {
    ...summaryOf(given.scenario, after),
    ...loaded,
    before: summaryOf("empty", before),
    ceiling_before_per_second: round(empty.completedPerSecond),
    ceiling_after_per_second: round(grown.completedPerSecond),
    ceiling_ratio: round(grown.completedPerSecond / empty.completedPerSecond, 3),
    open_loop_ratio: round(after.completedPerSecond / before.completedPerSecond, 3),
    ...(await compareAll(comparing, after, beside)),
  });
}

async function load({ platform, gauge, progress }: Stage, payments: number): Promise<Figures> {
  const sizeOf = async () => {
    const [row] = await gauge.query("select pg_database_size(current_database()) as size");
    return Number(row?.size);
  };
  const size = await sizeOf();
  const { walBytes } = await gauge.read();
  const { perSecond } = await fill({
    databaseUrl: platform.databaseUrl,
    pid: platform.pid,
    payments,
    zipf: SPREAD.zipf,
    progress,
  });
  const bytes = ((await sizeOf()) - size) / payments;
  const wal = ((await gauge.read()).walBytes - walBytes) / payments;
  progress(`${payments} payments are loaded, ${Math.round(perSecond)}/s, ${Math.round(bytes)} bytes each`);
  return {
    payments,
    loaded_per_second: round(perSecond, 0),
    bytes_per_payment: round(bytes, 0),
    loaded_wal_bytes_per_payment: round(wal, 0),
  };
}
