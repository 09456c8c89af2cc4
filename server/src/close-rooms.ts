/**
 * The part of the composition root that builds what closes a day: each room from those below it, and the
 * steps of the close from them all.
 */
import { join } from "node:path";
import type { FastifyRequest } from "fastify";
import { bankStatementsOf } from "./bank-statements.ts";
import type { AccountOpening, ChannelHttp, Channels } from "./channels/index.ts";
import {
  closeSteps,
  createAlarms,
  createDayClose,
  type DayClose,
  dayCloseRoutes,
  nightlyClose,
  startCloseWorker,
  statementScopeOf,
} from "./dayclose/index.ts";
import type { Fees } from "./fees/index.ts";
import type { Keyring } from "./kernel/crypto.ts";
import type { Cell, Database, WithTime } from "./kernel/database.ts";
import type { DueWorker } from "./kernel/due.ts";
import type { Http } from "./kernel/http.ts";
import type { Id } from "./kernel/ids.ts";
import { becomeInLanes } from "./kernel/lanes.ts";
import type { Log } from "./kernel/log.ts";
import type { GoOn } from "./kernel/progress.ts";
import type { Platform } from "./kernel/revision.ts";
import type { Job } from "./kernel/schedules.ts";
import type { MerchantIdentity, Merchants } from "./merchants/index.ts";
import { auditForClose } from "./operations/index.ts";
import type { Actor, ApprovalAction, Operators, Permission } from "./operators/index.ts";
import type { PaymentsRoom } from "./payments/index.ts";
import { createPayouts, type Payouts, type SettlementToPay } from "./payouts/index.ts";
import {
  appliedScopes,
  type Breaks,
  breakRoutes,
  createBreaks,
  createEngine,
  createReconciliation,
  decidedReversalsOf,
  type Engine,
  type Reconciliation,
  type StatementSource,
  unendedBreaksOf,
} from "./reconciliation/index.ts";
import { createSettlement, type Readings, type Settlement, type SettlementRoom } from "./settlement/index.ts";
import { type SharingRoom, unfinishedSharings } from "./sharing/index.ts";
import {
  createStatementFiles,
  createStatementsRoom,
  type Fetching,
  registerStatements,
  type StatementFiles,
  type StatementsRoom,
} from "./statements/index.ts";
import type { Webhooks } from "./webhooks/index.ts";

/** The ways out of the process that the close takes. */
export type CloseEdges = {
  /** Where statements are kept; the data folder where absent. */
  readonly statementFiles?: StatementFiles;
  /** What compares days; one in a process of its own where absent. */
  readonly engine?: Engine;
  /** Goes around work that waits for files or the engine; nothing does where absent. */
  readonly around?: <T>(what: string, work: () => Promise<T>) => Promise<T>;
};

export type CloseRoomsDeps = {
  readonly cell: Cell;
  readonly platform: Platform;
  readonly operators: Operators;
  readonly merchants: Merchants;
  readonly channels: Channels;
  readonly fees: Fees;
  readonly sharing: Pick<SharingRoom, "receivers">;
  readonly webhooks: Webhooks;
  readonly room: Pick<PaymentsRoom, "statementSays" | "refunds" | "askAgain">;
  readonly openAccounts: (openings: readonly AccountOpening[]) => Promise<void>;
  readonly channelHttp: ChannelHttp;
  readonly keyring: Keyring;
  readonly publicUrl: () => string;
  readonly settings: {
    readonly timeZone: string;
    readonly closeAt: string | null;
    readonly dataDir: string;
    readonly statementBytesMax: number;
    readonly statementUnpackedBytesMax: number;
  };
  readonly edges: CloseEdges | undefined;
  readonly log: Log;
  /** Connections whose statements may read a whole day's rows; closed when their work is done. */
  readonly openWithTime: () => Database;
};

export type CloseAuth = {
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

export type CloseRooms = {
  readonly breaks: Breaks;
  readonly fetching: Fetching;
  readonly payouts: Payouts;
  readonly dayClose: DayClose;
  routes(http: Http, auth: CloseAuth): void;
  readonly jobs: readonly Job[];
  /** What a second person approves. */
  readonly actions: readonly ApprovalAction[];
  start(): void;
  stop(): Promise<void>;
};

export function createCloseRooms(deps: CloseRoomsDeps): CloseRooms {
  const { cell, settings, log, room, edges } = deps;
  const statements = statementsRoomOf(deps);
  const breaks = createBreaks({ ...deps, ...room });
  const withTime: WithTime = async (work) => {
    const database = deps.openWithTime();
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  };
  const settlement = createSettlement({
    ...deps,
    withTime,
    readings: readingsOf(cell, () => payouts),
  });
  const payouts: Payouts = createPayouts({
    ...deps,
    receivers: deps.sharing.receivers,
    http: deps.channelHttp,
    timeZone: settings.timeZone,
    bankStatements: bankStatementsOf(statements),
    payoutStatements: statements.payouts,
    commissionStatements: statements.commissions,
    settlementsToPay: (date) => settlementsToPay(settlement, date),
    settlementsPaid: settlement.markPaid,
  });
  let worker: DueWorker | null = null;
  let fetching: DueWorker | null = null;
  const audit = (goOn: GoOn) =>
    withTime(async ({ db }) => {
      const proved = await auditForClose(db, goOn);
      return proved.map(({ auditedAt, ...one }) => ({
        ...one,
        audited_at: auditedAt?.toISOString() ?? null,
      }));
    });
  const { engine, reconciliation } = createComparing(deps, statements, withTime);
  const { timeZone } = settings;
  const steps = closeSteps({
    ...deps,
    clock: cell.clock,
    timeZone,
    db: cell.db,
    statements,
    reconciliation,
    breaks,
    settlement,
    payouts,
    accountOf: deps.channels.account,
    withTime,
    audit,
  });
  const alarms = createAlarms({ cell, log, timeZone, closeAt: settings.closeAt });
  const dayClose = createDayClose({ ...deps, steps, alarms, onDue: () => worker?.nudge() });
  return {
    breaks,
    fetching: statements.fetching,
    payouts,
    dayClose,
    routes: (http, auth) => {
      const bytesMax = settings.statementBytesMax;
      registerStatements(http, { ...statements, operators: deps.operators, ...auth, bytesMax });
      breakRoutes(http, { ...deps, breaks, clock: cell.clock, ...auth });
      settlement.routes(http, auth);
      payouts.routes(http, auth);
      dayCloseRoutes(http, { ...deps, clock: cell.clock, dayClose, ...auth });
    },
    actions: [...settlement.approvalActions, ...breaks.actions, ...payouts.approvalActions],
    jobs: [...nightlyClose({ dayClose, alarms, log, closeAt: settings.closeAt }), ...payouts.jobs],
    start: () => {
      fetching = statements.fetching.startWorker(log);
      payouts.startWorkers();
      worker = startCloseWorker({ cell, dayClose, log });
    },
    stop: async () => {
      await Promise.all([worker?.stop(), fetching?.stop(), payouts.stop()]);
      if (engine !== edges?.engine) await engine.stop();
    },
  };
}

function statementsRoomOf(deps: CloseRoomsDeps): StatementsRoom {
  const { cell, settings, edges } = deps;
  const kept = join(settings.dataDir, "statements");
  const files = edges?.statementFiles ?? createStatementFiles(kept, cell.newId);
  const around = edges?.around;
  const unpackedBytesMax = settings.statementUnpackedBytesMax;
  return createStatementsRoom({ ...deps, files, unpackedBytesMax, ...(around && { around }) });
}

function createComparing(
  { cell, settings, channels, edges }: CloseRoomsDeps,
  statements: StatementsRoom,
  withTime: WithTime,
) {
  const folder = join(settings.dataDir, "reconciliation");
  const engine = edges?.engine ?? createEngine({ clock: cell.clock, folder: join(folder, "jobs") });
  const made = createReconciliation({
    cell,
    engine,
    folder,
    withTime,
    statements: statementSource(statements),
    accountOf: channels.account,
    traitsOf: (channel) => channels.channel(channel)?.traits.statements ?? null,
    quietMethods: channels.all.flatMap(({ traits }) => traits.statements.omitsReversedOf),
  });
  return { engine, reconciliation: within(edges?.around, made) };
}

function within(around: CloseEdges["around"], made: Reconciliation): Reconciliation {
  if (around === undefined) return made;
  return {
    ...made,
    extract: (...asked) => around("extract", () => made.extract(...asked)),
    reconcile: (...asked) => around("reconcile", () => made.reconcile(...asked)),
  };
}

/** Of a statement with fewer lines nobody asks how large it is. */
const LARGE_LINES_MIN = 10_000;

/** Each is a whole file in memory. */
const READ_ANEW_AT_ONCE = 4;

/** What reconciliation reads of the statements room. */
function statementSource({ statements }: StatementsRoom): StatementSource {
  return {
    statementsOf: async (scopes) => {
      const records = await statements.currentTrades(scopes.map(statementScopeOf));
      return becomeInLanes(records, READ_ANEW_AT_ONCE, async (record) => {
        if (record === null) return null;
        const { id, hash } = record;
        const readAnew = await statements.readAnew(record);
        const given = { id, hash, lines: () => statements.trades(record), readAnew };
        if (record.lines < LARGE_LINES_MIN) return given;
        return { ...given, alipayFile: () => statements.unpacked(record) };
      });
    },
  };
}

/** What settlement asks of reconciliation, sharing and payouts. @param payouts are made after it */
function readingsOf({ db }: Cell, payouts: () => Payouts): Readings {
  return {
    reconciled: (scopes) => appliedScopes(db, scopes),
    unendedBreaks: (merchantIds) => unendedBreaksOf(db, merchantIds),
    decidedReversals: (attemptIds) => decidedReversalsOf(db, attemptIds),
    splitting: (merchantIds) => unfinishedSharings(db, merchantIds),
    fundsReceived: async (scopes) => {
      const received: (typeof scopes)[number][] = [];
      for (const scope of scopes) if (await payouts().fundsReceived(scope)) received.push(scope);
      return received;
    },
    ownMoneyInReserve: (tx, currency) => payouts().ownMoneyInReserve(tx, currency),
  };
}

const SETTLEMENTS_PER_PAGE = 1_000;

/** What payouts are to pay by themselves. */
async function settlementsToPay(settlement: SettlementRoom, date: string): Promise<SettlementToPay[]> {
  const all: SettlementToPay[] = [];
  for (let after: Id | null = null; ; ) {
    const page: readonly Settlement[] = await settlement.payable(date, {
      after,
      limit: SETTLEMENTS_PER_PAGE,
    });
    all.push(
      ...page.map(({ id, merchantId, currency, available, accountingDate }) => ({
        settlementId: id,
        accountingDate,
        merchantId,
        currency,
        amount: available,
      })),
    );
    if (page.length < SETTLEMENTS_PER_PAGE) return all;
    after = page.at(-1)?.id ?? null;
  }
}
