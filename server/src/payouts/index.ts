/**
 * Money out to merchants, partners and receivers: their bank accounts, what they are owed, payouts, batches
 * that two people send, what banks say of them.
 */
import type { Tx } from "../kernel/database.ts";
import { BACKLOG_COUNTED_MAX, type Backlog } from "../kernel/due.ts";
import type { Http } from "../kernel/http.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import type { GoOn } from "../kernel/progress.ts";
import type { Job } from "../kernel/schedules.ts";
import type { ApprovalAction } from "../operators/index.ts";
import { connectionAction, termsAction } from "./accounts/connections.ts";
import { accountRoutes } from "./accounts/routes.ts";
import { rewrapBankAccounts, verifyAction } from "./accounts/service.ts";
import { batchRoutes } from "./batch/routes.ts";
import { approveAction, resendAction } from "./batch/service.ts";
import { type ForPeople, payoutBacklog, payoutsForPeople } from "./batch/store.ts";
import { differenceCounts } from "./channel/late.ts";
import { channelPayoutRoutes } from "./channel/routes.ts";
import { announceChannelPayouts, type ChannelPayoutAnnounced, fundsReceived } from "./channel/service.ts";
import type { FundsScope } from "./channel/store.ts";
import { withdrawAction } from "./channel/withdraw.ts";
import { withChannelWorkers } from "./channel/workers.ts";
import { acceptAction } from "./commission/people.ts";
import { commissionReceiptRoutes } from "./commission/receipt-routes.ts";
import { receiveAction } from "./commission/receipts.ts";
import { commissionRoutes } from "./commission/routes.ts";
import { withCommissionWorkers } from "./commission/workers.ts";
import { costRoutes } from "./costs/routes.ts";
import { costPaidAction, costReturnedAction } from "./costs/service.ts";
import type { PayoutsAuth, PayoutsDeps } from "./deps.ts";
import type { ReportEvidence, ReportOutcome } from "./model.ts";
import { fundDifferenceCounts } from "./movements/differences.ts";
import { placeAction } from "./movements/place.ts";
import { movementRoutes } from "./movements/routes.ts";
import { sharesJob } from "./movements/shares.ts";
import { type Reported, reportAll } from "./outcome/door.ts";
import { rejectAction } from "./outcome/people.ts";
import { owedJob } from "./owed/job.ts";
import { partnerRoutes } from "./owed/partner-routes.ts";
import { receiverPayoutRoutes } from "./owed/receiver-routes.ts";
import { partnerAction } from "./payees/partners.ts";
import { opsPayoutRoutes, payoutRoutes } from "./payout/routes.ts";
import { proposeSettled, type SettledProposal } from "./payout/settled.ts";
import { rewrapInstructions } from "./sending/instruct.ts";
import { type PayoutWorkers, startPayoutWorkers } from "./sending/workers.ts";
import { ownMoneyInReserve } from "./statement/in-reserve.ts";
import { ownMoneyAction, transferAction } from "./statement/own-money.ts";
import { ownMoneyRoutes } from "./statement/own-money-routes.ts";
import { announceAction, matchAction } from "./statement/people.ts";
import { type BankStatement, readBankStatement, type StatementRead } from "./statement/read.ts";
import { bankStatementsJob } from "./statement/readings.ts";
import { statementRoutes } from "./statement/routes.ts";

export type { ChannelPayoutAnnounced } from "./channel/service.ts";
export type { PayoutsAuth, PayoutsDeps } from "./deps.ts";
export { invariants } from "./invariants.ts";
export type { BankEntry, Payout, ReportEvidence, ReportOutcome, SettlementToPay } from "./model.ts";
export type { Reported } from "./outcome/door.ts";
export type { SettledProposal } from "./payout/settled.ts";
export { passOpen } from "./payout/unsent.ts";
export { payoutOfEndToEndId } from "./sending/pain001.ts";
export type { BankStatement, StatementRead } from "./statement/read.ts";
export type { BankStatements } from "./statement/readings.ts";

export type Payouts = {
  /**
   * Makes a payout for each settlement that is to be paid on the date; each settlement has at most one, so it
   * is safe to repeat; none in the currencies of `except`. `goOn` is called between short transactions and
   * may throw to stop.
   */
  proposeSettled(date: string, goOn: GoOn, except: ReadonlySet<Currency>): Promise<SettledProposal>;
  /**
   * The one door for words about a payout, from whomever. Idempotent and monotone; what contradicts is kept
   * and shown. Throws `not_found`.
   */
  report(payoutId: Id, outcome: ReportOutcome, evidence: ReportEvidence): Promise<Reported>;
  /**
   * Takes a bank's statement of an account of ours: what was paid and what came back goes through the door,
   * the rest is kept for people. Safe to repeat.
   */
  readBankStatement(statement: BankStatement, goOn: () => Promise<void>): Promise<StatementRead>;
  /**
   * Books withdrawals that a channel's fund bill tells, each once by its number; gives how many were new.
   * Throws `conflict` for an account whose money does not pass us.
   */
  announceChannelPayouts(announced: readonly ChannelPayoutAnnounced[]): Promise<number>;
  /**
   * Whether the bank has shown all that the channel paid for a channel account's date in a currency; false
   * while nothing covers the date.
   */
  fundsReceived(scope: FundsScope): Promise<boolean>;
  /**
   * The platform's own money that banks have shown in the reserve, of a currency, in minor units; below zero
   * where clients' money has paid for the platform. Locks the currency's funds until the transaction ends.
   */
  ownMoneyInReserve(tx: Tx, currency: Currency): Promise<bigint>;
  /** What is done by the calendar: banks are asked for statements, earnings are divided, shares compared. */
  readonly jobs: readonly Job[];
  /** What carries out approved changes; app.ts hands them to the approvals. */
  readonly approvalActions: readonly ApprovalAction[];
  routes(http: Http, auth: PayoutsAuth): void;
  /** Starts sending, asking, and booking what a crash left. Starts once. */
  startWorkers(): PayoutWorkers;
  stop(): Promise<void>;
  /** Wraps account numbers and messages anew after the master key was replaced; gives how many. */
  rewrapSecrets(): Promise<number>;
  /** What waits for a person: batches, contradictions, entries of statements, what is late at banks. */
  forPeople(): Promise<readonly (ForPeople & { readonly ageDays?: number })[]>;
  /** What is due and waits for a worker of any process. */
  backlog(): Promise<readonly Backlog[]>;
  /** Of this process's workers; null before they start. */
  workers(): PayoutWorkers["gauges"] | null;
};

/** Builds the room. Nothing is sent before the workers start. */
export function createPayouts(deps: PayoutsDeps): Payouts {
  let workers: PayoutWorkers | null = null;
  const approved = () => workers?.nudge();
  return {
    proposeSettled: (date, goOn, except) => proposeSettled(deps, date, goOn, except),
    report: async (payoutId, outcome, evidence) => {
      const [reported] = await reportAll(deps, [{ payoutId, outcome, evidence }]);
      return reported as Reported;
    },
    readBankStatement: (statement, goOn) => readBankStatement(deps, statement, goOn),
    announceChannelPayouts: (announced) => announceChannelPayouts(deps, announced),
    fundsReceived: (scope) => fundsReceived(deps, scope),
    ownMoneyInReserve: (tx, currency) => ownMoneyInReserve(deps, tx, currency),
    jobs: [bankStatementsJob(deps), owedJob(deps), sharesJob(deps)],
    approvalActions: [
      approveAction(deps, approved),
      resendAction(deps, approved),
      rejectAction(deps),
      verifyAction(deps),
      connectionAction(deps),
      termsAction(deps),
      partnerAction(deps),
      matchAction(deps),
      ownMoneyAction(deps),
      transferAction(deps),
      announceAction(deps),
      withdrawAction(deps),
      placeAction(deps),
      costPaidAction(deps),
      costReturnedAction(deps),
      acceptAction(deps),
      receiveAction(deps),
    ],
    routes: (http, auth) => {
      payoutRoutes(http, deps, auth);
      opsPayoutRoutes(http, deps, auth);
      batchRoutes(http, deps, auth);
      accountRoutes(http, deps, auth);
      partnerRoutes(http, deps, auth);
      receiverPayoutRoutes(http, deps, auth);
      statementRoutes(http, deps, auth);
      ownMoneyRoutes(http, deps, auth);
      channelPayoutRoutes(http, deps, auth);
      movementRoutes(http, deps, auth);
      costRoutes(http, deps, auth);
      commissionRoutes(http, deps, auth);
      commissionReceiptRoutes(http, deps, auth);
    },
    startWorkers: () => {
      workers ??= withCommissionWorkers(deps, withChannelWorkers(deps, startPayoutWorkers(deps)));
      return workers;
    },
    stop: async () => {
      await workers?.stop();
    },
    rewrapSecrets: async () => (await rewrapBankAccounts(deps)) + (await rewrapInstructions(deps)),
    forPeople: () => forPeople(deps),
    backlog: () => backlog(deps),
    workers: () => workers?.gauges ?? null,
  };
}

async function forPeople(deps: PayoutsDeps): ReturnType<Payouts["forPeople"]> {
  return [
    ...(await payoutsForPeople(deps.cell.db)),
    ...(await differenceCounts(deps)),
    ...(await fundDifferenceCounts(deps)),
  ];
}

async function backlog(deps: PayoutsDeps): Promise<readonly Backlog[]> {
  const { cell, payoutStatements, commissionStatements } = deps;
  const now = cell.clock.now();
  const told = { kind: "channel_payouts_told", ...(await payoutStatements.backlog(now)) };
  const commissions = { kind: "commissions", ...(await commissionStatements.backlog(now)) };
  return [...(await payoutBacklog(cell.db, now, BACKLOG_COUNTED_MAX)), told, commissions];
}
