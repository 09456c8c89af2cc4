/**
 * Makes breaks of what a generation found: the door first, then suspense; and takes back what it explains.
 *
 * In chunks, each one transaction after the door's own: day, the account's lock, breaks by id, then the
 * ledger. What a chunk has written names its generation, so that one that is applied again after a crash, or
 * by two processes at once, goes on where the other left it: the account's oldest generation is the lock
 * under which breaks are made, `breaks_identity` and the journals' own uniqueness stand behind it.
 */
import type { ChannelAccount } from "../../channels/index.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { StatementAnswer } from "../../payments/index.ts";
import type { Finding, Generation } from "../model.ts";
import {
  answerOf,
  asBorne,
  FOR_THE_DOOR,
  halfOfPlaced,
  hasLoneHalf,
  isOtherThanBooked,
  isOtherThanPaired,
  partnerOf,
  paymentKeyOf,
  stepOf,
} from "./decide.ts";
import { explainGone } from "./gone.ts";
import { readShortages } from "./held.ts";
import type { Break } from "./model.ts";
import { type Parting, part } from "./pairs.ts";
import { release, unplace } from "./placed.ts";
import { lineOf } from "./rows.ts";
import { applyRules } from "./rules.ts";
import { figures, takeStep } from "./steps.ts";
import {
  breaksAbout,
  datesOf,
  findingsAfter,
  generationOf,
  lockBreaksAbout,
  markApplied,
  newerGeneration,
  type PlacedFinding,
  type Topics,
} from "./store.ts";
import type { OfPayments } from "./store-held.ts";
import { type About, type AccountsOpening, type ApplyDeps, underLock } from "./under-lock.ts";
import { openWork, type Work } from "./work.ts";

/** Findings in one transaction: some 100 ms with all their journals. */
const CHUNK = 100;

export type Applied =
  /** Its breaks are written, now or before. */
  | { readonly end: "applied" }
  /** A newer generation of the same scope is there, and its breaks are written instead. */
  | { readonly end: "superseded"; readonly by: Id };

/**
 * A generation whose findings were carried into this one is applied before it, where it is not yet. Throws an
 * Error for a generation that does not exist, and whatever `goOn` throws.
 * @param chunk findings in one transaction
 */
export async function apply(
  deps: ApplyDeps,
  generationId: Id,
  goOn: () => Promise<void>,
  chunk = CHUNK,
): Promise<Applied> {
  const generation = await generationOf(deps.cell.db, generationId);
  if (generation === null) throw new Error(`there is no generation ${generationId}`);
  if (generation.state === "applied") return { end: "applied" };
  const superseded = await giveWay(deps, generation, goOn, chunk);
  if (superseded !== null) return superseded;
  // What was carried in has its breaks first: otherwise nobody would end those that this one explains.
  if (generation.carriedFrom !== null) await apply(deps, generation.carriedFrom, goOn, chunk);
  const account = await deps.channels.account(generation.channelAccountId);
  if (account === null) throw new Error(`there is no channel account ${generation.channelAccountId}`);
  const about = { generation, account };
  for (let after = 0; ; ) {
    await goOn();
    const findings = (await findingsAfter(deps.cell.db, generation.id, after, chunk)).map(asBorne);
    const last = findings.at(-1);
    if (last === undefined) break;
    await applyChunk(deps, about, findings, goOn);
    after = last.place;
  }
  while (await explainGone(deps, about, chunk)) await goOn();
  await applyRules(deps, about, chunk, goOn);
  await goOn();
  // One that came meanwhile has made the chunks after it into nothing.
  const late = await giveWay(deps, generation, goOn, chunk);
  if (late !== null) return late;
  await done(deps, generation);
  return { end: "applied" };
}

/**
 * Where a newer generation of the scope is there, its breaks are made instead; only then is this one done
 * with, since a scope with an applied generation counts as explained. Null: this is the newest.
 */
async function giveWay(
  deps: ApplyDeps,
  generation: Generation,
  goOn: () => Promise<void>,
  chunk: number,
): Promise<Applied | null> {
  const by = await newerGeneration(deps.cell.db, generation);
  if (by === null) return null;
  await apply(deps, by, goOn, chunk);
  await done(deps, generation);
  return { end: "superseded", by };
}

async function done({ cell }: ApplyDeps, { id }: Generation): Promise<void> {
  const at = cell.clock.now();
  await cell.transact((tx) => markApplied(tx, id, at), { repeatable: true });
}

async function applyChunk(
  deps: ApplyDeps,
  about: About,
  findings: readonly PlacedFinding[],
  goOn: () => Promise<void>,
): Promise<void> {
  const { generation, account } = about;
  await deps.openAccounts(openingsOf(account, findings));
  const answers = await askDoor(deps, about, findings);
  await goOn();
  const topics = topicsOf(findings, answers);
  await underLock(deps, about, async (tx, day) => {
    const locked = await lockBreaksAbout(tx, account.id, topics);
    const dates = await datesOf(tx, [...new Set(locked.map((each) => each.lastReconciliationId))]);
    const teller = { reconciliationId: generation.id };
    const now = deps.cell.clock.now();
    const work = openWork({ cell: deps.cell, tx, day, now, locked, teller });
    const context = { ...about, newId: deps.cell.newId };
    const shortages = await readShortages(tx, missingOf(account, findings, answers));
    for (const found of findings) {
      const answered = answers.get(found.place) ?? null;
      const finding = named(found, answered);
      const { matchKey, attemptId } = finding;
      // With those that this chunk has made.
      const alike = () =>
        work
          .all()
          .filter((row) => row.matchKey === matchKey || (attemptId !== null && row.attemptId === attemptId));
      const known = alike().find((each) => isOf(each, finding)) ?? null;
      const lastDate = known === null ? null : (dates.get(known.lastReconciliationId) ?? null);
      const isEarlier = lastDate !== null && lastDate > generation.channelDate;
      const isTold = known?.lastReconciliationId === generation.id;
      const existing =
        known === null || isTold || isEarlier ? known : await asTold(work, known, finding, context);
      const paymentKey = paymentKeyOf(finding);
      const others = [...alike(), ...(paymentKey === null ? [] : work.about(paymentKey))];
      const isHeld = answered?.end === "missing" && !isTold && !isEarlier && mayHold(existing);
      const isTwice = isHeld && !shortages.take(finding);
      const said = isTwice ? { ...answered, end: "booked" as const } : answered;
      const partner = partnerOf(finding, others);
      const half = halfOfPlaced(finding, alike());
      const answer = answerOf(said, finding, { existing, others: alike() });
      const told = { partner, half, answer, hasLoneHalf: hasLoneHalf(finding, alike()) };
      const step = stepOf(finding, { existing, isEarlier, isTold, ...told });
      await takeStep(work, step, { ...context, finding, existing, partner, half, answer });
    }
    await work.write();
  });
}

/** A half, or what the door has booked, of which other figures are told ends; anything else stays. */
async function asTold(
  work: Work,
  known: Break,
  finding: Finding,
  context: About & { readonly newId: ApplyDeps["cell"]["newId"] },
): Promise<Break> {
  if (isOtherThanPaired(known, finding)) {
    return part(work, known, context, toldOtherwise(finding, "It is no half of that movement"));
  }
  if (!isOtherThanBooked(known, finding)) return known;
  const parting = toldOtherwise(finding, "What the door booked is told otherwise");
  return known.resolution === "placed"
    ? unplace(work, known, context, parting)
    : release(work, known, context, parting.toOther);
}

function toldOtherwise(finding: Finding, what: string): Parting {
  return {
    sentence: `${what}: ${figures(finding)}.`,
    toOther: `What was found on ${finding.channelDate} and was the other half has other figures now.`,
  };
}

function isOf(known: Break, { kind, channelDate, matchKey }: Finding): boolean {
  return known.kind === kind && known.channelDate === channelDate && known.matchKey === matchKey;
}

/** The finding with the names that the door knows. */
function named(finding: Finding, answer: StatementAnswer | null): Finding {
  if (answer === null || answer.end === "unknown") return finding;
  return {
    ...finding,
    paymentId: finding.paymentId ?? answer.paymentId,
    attemptId: finding.attemptId ?? answer.attemptId,
    refundId: finding.refundId ?? answer.refundId,
  };
}

function topicsOf(
  findings: readonly PlacedFinding[],
  answers: ReadonlyMap<number, StatementAnswer> = new Map(),
): Topics {
  const all = findings.map((finding) => named(finding, answers.get(finding.place) ?? null));
  const attemptIds = all.flatMap(({ attemptId }) => attemptId ?? []);
  return {
    keys: [...new Set(all.flatMap((finding) => [finding.matchKey, paymentKeyOf(finding) ?? []].flat()))],
    attemptIds: [...new Set(attemptIds)],
  };
}

/** What the door makes of the lines of known orders, by the findings' places. */
async function askDoor(
  deps: ApplyDeps,
  { generation, account }: About,
  findings: readonly PlacedFinding[],
): Promise<ReadonlyMap<number, StatementAnswer>> {
  const wanted = findings.filter(({ kind }) => FOR_THE_DOOR.includes(kind));
  if (wanted.length === 0) return new Map();
  const known = await breaksAbout(deps.cell.db, account.id, topicsOf(wanted));
  const told = (finding: Finding) =>
    known.some((each) => each.lastReconciliationId === generation.id && isOf(each, finding));
  const answers = await Promise.all(
    wanted.map(async (finding) => {
      const line = lineOf(finding.theirs, { at: generation.madeAt });
      if (line === null || told(finding)) return null;
      const answer = await deps.statementSays({
        channelAccountId: account.id,
        channelDate: finding.channelDate,
        statement: formatId("stm", generation.statementId),
        closedThrough: generation.closedThrough,
        line,
      });
      return [finding.place, answer] as const;
    }),
  );
  return new Map(answers.filter((answer) => answer !== null));
}

/** Whether the break would be made to hold what the door has booked, and does not yet. */
function mayHold(existing: Break | null): boolean {
  if (existing === null || existing.state === "pending") return true;
  return existing.resolution === "explained" || existing.resolution === "undone";
}

/** The payments of which the door has booked something as missing that these lines tell. */
function missingOf(
  { id: channelAccountId, merchantId }: ChannelAccount,
  findings: readonly PlacedFinding[],
  answers: ReadonlyMap<number, StatementAnswer>,
): OfPayments {
  const missing = [...answers.values()].flatMap((one) => (one.end === "missing" ? one.paymentId : []));
  return {
    merchantId,
    channelAccountId,
    paymentIds: [...new Set(missing)],
    currencies: [...new Set(findings.map(({ currency }) => currency))],
  };
}

function openingsOf(account: ChannelAccount, findings: readonly Finding[]): AccountsOpening[] {
  const { id: channelAccountId, merchantId, fundFlow } = account;
  return [...new Set(findings.map(({ currency }) => currency))].map((currency) => ({
    merchantId,
    currency,
    channelAccountId,
    fundFlow,
  }));
}
