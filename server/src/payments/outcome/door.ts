/**
 * The one door: every report about an order or a refund, and every wish about a payment, goes through it. It
 * locks, decides, posts, enqueues and commits, or does nothing when all is known.
 */
import type { Channels } from "../../channels/index.ts";
import type { Fees } from "../../fees/index.ts";
import { type Batcher, createBatcher } from "../../kernel/batcher.ts";
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import type { Merchants } from "../../merchants/index.ts";
import type { Contracts } from "../../sharing/index.ts";
import type { Webhooks } from "../../webhooks/index.ts";
import { contractsOf } from "../sharing/in-batch.ts";
import type { FeeTerms } from "../terms.ts";
import type { PaymentPages } from "../view.ts";
import type { Command } from "./commands.ts";
import { type CommandResult, type Done, execute, type Surroundings } from "./execute.ts";

export type DoorDeps = {
  readonly cell: Cell;
  readonly channels: Channels;
  readonly merchants: Pick<Merchants, "get">;
  readonly fees: Pick<Fees, "schedulesOf">;
  readonly webhooks: Pick<Webhooks, "record" | "endpointsOf" | "deliver">;
  readonly contracts: Pick<Contracts, "of">;
  readonly log: Log;
  readonly pagesOf: (paymentId: Id) => PaymentPages;
  /** Rows are due: a hint to the workers. */
  readonly onDue: () => void;
};

export type Door = {
  /**
   * Carries out a command under its payment's lock and returns the payment as it then is. Throws `not_found`
   * when the merchant has no such payment, `overloaded`, `database_unavailable`, `outcome_unknown`, or
   * `internal_error` when the command broke an assumption (nothing of it is kept then).
   */
  submit(command: Command): Promise<Done>;
  /** Whether a report that comes now would wait longer than this; then no new payment should be begun. */
  isBehind(waitMs: number): boolean;
  stop(): Promise<void>;
  readonly gauges: Readonly<
    Record<"answers" | "reports" | "wishes" | "openings", Batcher<Command, CommandResult>["gauges"]>
  >;
};

const ROUNDS_MAX = 3;
/** What a merchant asks for is refused beyond this. Reports are not: they tell of what has happened. */
const WISH_WAIT_MS_MAX = 1_000;

/** Builds the door of a cell. */
export function createDoor(deps: DoorDeps): Door {
  const run = (commands: readonly Command[]) => runBatch(deps, commands);
  const { clock } = deps.cell;
  // What a merchant's request waits for need not wait behind the bookings of other payments, and one batch is
  // decided on while PostgreSQL writes the other.
  const answers = createBatcher<Command, CommandResult>({ name: "answers", run, log: deps.log, clock });
  const reports = createBatcher<Command, CommandResult>({ name: "reports", run, log: deps.log, clock });
  // A refund that its merchant cannot cover makes its batch run again: reports of channels do not wait for
  // that.
  const wishes = createBatcher<Command, CommandResult>({
    name: "wishes",
    run,
    log: deps.log,
    clock,
    waitMsMax: WISH_WAIT_MS_MAX,
  });
  // Its rows of quotas come after refund numbers in the order of locks: no refund is in its batch.
  const openings = createBatcher<Command, CommandResult>({
    name: "openings",
    run,
    log: deps.log,
    clock,
    waitMsMax: WISH_WAIT_MS_MAX,
  });
  const batcherOf = (command: Command) => {
    if (command.kind === "new_attempt" && command.choices !== undefined) return openings;
    if (!("reportId" in command)) return wishes;
    return command.kind === "trade" && command.source === "pay" ? answers : reports;
  };
  return {
    submit: async (command) => {
      const result = await batcherOf(command).submit(command);
      if (result.result === "done") return result;
      if (result.result === "no_payment") throw problem("not_found");
      throw problem("internal_error", { cause: result.error });
    },
    isBehind: (waitMs) => reports.isBehind(waitMs) || answers.isBehind(waitMs),
    stop: async () => {
      await Promise.all([answers.stop(), reports.stop(), wishes.stop(), openings.stop()]);
    },
    gauges: {
      answers: answers.gauges,
      reports: reports.gauges,
      wishes: wishes.gauges,
      openings: openings.gauges,
    },
  };
}

async function runBatch(deps: DoorDeps, commands: readonly Command[]): Promise<readonly CommandResult[]> {
  const around = await lookAround(deps, commands);
  const uncovered = new Set<Command>();
  for (let round = 1; ; round += 1) {
    let found: ReadonlySet<Command> = new Set();
    const done = await rolledBack(
      deps.cell.transact(
        async (tx) => {
          const executed = await execute(deps, tx, commands, around, uncovered);
          found = executed.uncovered;
          if (found.size > 0) throw new Uncovered();
          return executed;
        },
        { repeatable: true },
      ),
    );
    if (done !== null) {
      deps.webhooks.deliver(done.deliveries);
      if (done.isWorkDue) deps.onDue();
      return done.results;
    }
    // Each refusal may let through another refund of the same payment that is not covered either: halved, the
    // batch comes to an end, and whoever is in it by chance is not refused with them.
    if (round === ROUNDS_MAX && commands.length > 1) throw new Error("too many refunds are not covered");
    for (const command of found) uncovered.add(command);
  }
}

/**
 * Refunds beyond the merchant's money leave nothing behind: the batch is undone and decided again without
 * them.
 */
class Uncovered extends Error {}

async function rolledBack<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Uncovered) return null;
    throw error;
  }
}

async function lookAround(deps: DoorDeps, commands: readonly Command[]): Promise<Surroundings> {
  const endpoints = await deps.webhooks.endpointsOf([
    ...new Set(commands.map((command) => command.merchantId)),
  ]);
  const terms = new Map<string, FeeTerms>();
  for (const { merchantId, channelAccountId } of commands) {
    if (channelAccountId === null || terms.has(`${merchantId}/${channelAccountId}`)) continue;
    const [merchant, account, schedules] = await Promise.all([
      deps.merchants.get(merchantId),
      deps.channels.account(channelAccountId),
      deps.fees.schedulesOf(merchantId, channelAccountId),
    ]);
    if (merchant !== null && account !== null)
      terms.set(`${merchantId}/${channelAccountId}`, { merchant, account, schedules });
  }
  const accounts = commands.flatMap(({ channelAccountId }) =>
    channelAccountId === null ? [] : [channelAccountId],
  );
  return {
    endpoints,
    contracts: await contractsOf(deps.contracts, accounts),
    terms: (merchantId, channelAccountId) => {
      const found = terms.get(`${merchantId}/${channelAccountId}`);
      if (found === undefined)
        throw new Error(`no terms for merchant ${merchantId} and account ${channelAccountId}`);
      return found;
    },
  };
}
