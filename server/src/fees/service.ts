/**
 * Schedules as operators change them, by two people, and as those who take money read them: remembered while
 * the platform schema's revision stands still.
 */
import type { ChannelAccount, Channels } from "../channels/index.ts";
import { createCache } from "../kernel/cache.ts";
import type { Cell, Db, Tx } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { formatId, type Id, type IdMaker, parseId } from "../kernel/ids.ts";
import type { Platform } from "../kernel/revision.ts";
import { openDay } from "../ledger/index.ts";
import { type Merchant, type Merchants, settlesIn } from "../merchants/index.ts";
import type { Actor, Approval, ApprovalAction, Operators } from "../operators/index.ts";
import { type CostClause, costClauses, type Priced, type Unpriced } from "./clauses.ts";
import { faultOf } from "./faults.ts";
import { monthlyMinimums, type PostedMinimum } from "./minimums/service.ts";
import { listMinimums, type Minimum } from "./minimums/store.ts";
import type { Schedule, ScheduleKind, Share, Terms } from "./model.ts";
import * as store from "./store.ts";
import { presentProposal, readTerms, type WireTerms } from "./wire.ts";

/** What the room is built from. */
export type FeesDeps = {
  readonly platform: Platform;
  readonly cell: Cell;
  readonly newId: IdMaker;
  readonly operators: Operators;
  readonly merchants: Pick<Merchants, "get">;
  readonly channels: Pick<Channels, "account" | "all" | "channel" | "costRatesOf">;
};

/** What an operator proposes: the next version of the schedule at a place. */
export type WantedVersion = {
  readonly place: store.Place;
  readonly effectiveFrom: string;
  /** Null: the schedule ends on that date. */
  readonly terms: Terms | null;
  readonly reason: string | null;
};

/** What other rooms and the day close ask of fees. */
export type Fees = {
  /**
   * The schedules of a merchant's fees and an account's costs, with all versions, as they were at most one
   * second ago.
   */
  schedulesOf(merchantId: Id, channelAccountId: Id): Promise<readonly Schedule[]>;
  /**
   * Proposes a version; a second person approves it. Throws `invalid_request` naming the field: an unknown
   * owner, method or currency, terms that contradict themselves, a date before the open accounting date; and
   * `conflict` while another version of the schedule waits for approval.
   */
  propose(actor: Actor, wanted: WantedVersion): Promise<Approval>;
  /** Newest first. */
  list(filter: store.ScheduleFilter, limit: number): Promise<store.KeptSchedule[]>;
  /** Throws `not_found`. */
  get(kind: ScheduleKind, id: Id): Promise<store.KeptSchedule>;
  /**
   * Whose schedules a place's are, and all of them, for a preview. Throws `invalid_request` as `propose`.
   */
  lookUp(place: store.Place): Promise<Owner & { readonly schedules: readonly Schedule[] }>;
  /**
   * Who has a share in a fee that was charged by a rule (`fsc_…`, as an order keeps it) in a version, which
   * never changes; nobody in a merchant's single rate.
   */
  sharesOf(rule: string, version: bigint): Promise<readonly Share[]>;
  /**
   * What a channel account's contract said of its costs: the rule that priced an order, as it was, or else
   * each rule in force on a date that may price what is not known better. None where the rule is not kept.
   */
  costClausesOf(channelAccountId: Id, of: Priced | Unpriced): Promise<readonly CostClause[]>;
  /** The open accounting date, `yyyy-mm-dd`. */
  today(): Promise<string>;
  /**
   * Books what each channel bills for a month above its costs of that month, once: P: channel_cost /
   * channel_cost_payable. Safe to repeat: unique by account, currency and month.
   * @param month `yyyy-mm`; throws a RangeError while one of its days is open
   * @param goOn called between short pieces of work; what it throws ends it, and a repeat resumes
   */
  monthlyMinimums(month: string, goOn?: () => Promise<void>): Promise<readonly PostedMinimum[]>;
  /** What was worked out for past months, newest first. */
  minimums(
    filter: { readonly before: Id | null; readonly channelAccountId: Id | null },
    limit: number,
  ): Promise<readonly Minimum[]>;
  /** What carries out approved versions; app.ts hands them to the approvals. */
  readonly approvalActions: readonly ApprovalAction[];
};

type Owner =
  | { readonly kind: "fee"; readonly merchant: Merchant }
  | { readonly kind: "cost"; readonly account: ChannelAccount };

const KINDS = { fee: "fee_schedule.change", cost: "cost_schedule.change" } as const;

/** Builds the room. It reads no row until asked. */
export function createFees(deps: FeesDeps): Fees {
  const { platform, cell } = deps;
  const cache = createCache({
    clock: cell.clock,
    revision: platform.revision,
    load: (key) => {
      const [merchantId, channelAccountId] = key.split("/") as [Id, Id];
      return store.schedulesOf(platform.db, merchantId, channelAccountId);
    },
  });
  const today = async () => {
    const day = await openDay(cell.db);
    if (day === null) throw new Error("no accounting day was ever opened");
    return day.accountingDate;
  };
  const action = (kind: ScheduleKind): ApprovalAction => ({
    kind: KINDS[kind],
    permission: "fees.approve",
    carryOut: async (approval) => {
      const date = await today();
      const outcome = await platform.transact((tx) => carryOut(deps, tx, { kind, approval, today: date }));
      cache.forgetAll();
      return outcome;
    },
  });
  return {
    schedulesOf: (merchantId, channelAccountId) => cache.get(`${merchantId}/${channelAccountId}`),
    propose: async (actor, wanted) => propose(deps, actor, wanted, await today()),
    list: (filter, limit) => store.listSchedules(platform.db, filter, limit),
    get: async (kind, id) => {
      const schedule = await store.findSchedule(platform.db, kind, id);
      if (schedule === null) throw problem("not_found");
      return schedule;
    },
    lookUp: async (place) => {
      const owner = await ownerOf(deps, place);
      const { merchantId, channelAccountId } = place;
      return { ...owner, schedules: await store.schedulesOf(platform.db, merchantId, channelAccountId) };
    },
    sharesOf: (rule, version) => sharesOf(platform.db, rule, version),
    costClausesOf: (channelAccountId, of) => costClauses({ ...deps, db: platform.db }, channelAccountId, of),
    today,
    monthlyMinimums: (month, goOn) => monthlyMinimums(deps, month, goOn),
    minimums: (filter, limit) => listMinimums(cell.db, filter, limit),
    approvalActions: [action("fee"), action("cost")],
  };
}

async function sharesOf(db: Db, rule: string, version: bigint): Promise<readonly Share[]> {
  const [name = ""] = rule.split(":");
  const id = parseId("fsc", name);
  const schedule = id === null ? null : await store.findSchedule(db, "fee", id);
  return schedule?.versions.find((one) => BigInt(one.version) === version)?.terms?.shares ?? [];
}

function refuse(field: string, detail: string) {
  return problem("invalid_request", { field, detail });
}

async function propose(
  deps: FeesDeps,
  actor: Actor,
  wanted: WantedVersion,
  today: string,
): Promise<Approval> {
  const { place, effectiveFrom, terms, reason } = wanted;
  await ownerOf(deps, place);
  const fault = terms === null ? null : faultOf(terms, place);
  if (fault !== null) throw refuse(fault.field, fault.detail);
  if (effectiveFrom < today) {
    throw refuse(
      "effective_from",
      `${effectiveFrom} would change days that are closed; a version begins on ${today} or later`,
    );
  }
  const at = deps.cell.clock.now();
  const schedule = await deps.platform.transact((tx) => store.scheduleAt(tx, deps.newId(), place, at));
  const last = schedule.versions.at(-1);
  if (terms === null && (last === undefined || last.terms === null)) {
    throw refuse("terms", "there is no schedule that could end; leave it as it is");
  }
  const version = (last?.version ?? 0) + 1;
  return deps.operators.propose(actor, {
    kind: KINDS[place.kind],
    subject: formatId("fsc", schedule.id),
    payload: presentProposal(place, { version, effectiveFrom, terms }),
    reason,
  });
}

async function ownerOf(deps: FeesDeps, place: store.Place): Promise<Owner> {
  return place.kind === "fee" ? merchantOf(deps, place) : accountOf(deps, place);
}

async function merchantOf(deps: FeesDeps, { merchantId, method, currency }: store.Place): Promise<Owner> {
  const merchant = await deps.merchants.get(merchantId as Id);
  if (merchant === null) throw refuse("merchant_id", "there is no such merchant");
  if (!settlesIn(merchant, currency)) {
    const held = merchant.currencies.map((one) => one.currency).join(", ");
    throw refuse("currency", `the merchant does not settle in ${currency}, only in ${held}`);
  }
  const methods = deps.channels.all.flatMap(({ traits }) => Object.keys(traits.scenes));
  checkMethod(method, methods);
  return { kind: "fee", merchant };
}

async function accountOf(deps: FeesDeps, place: store.Place): Promise<Owner> {
  const { channelAccountId, method, currency } = place;
  const account = await deps.channels.account(channelAccountId as Id);
  if (account === null) throw refuse("channel_account_id", "there is no such channel account");
  if (account.fundFlow !== "through_platform") {
    throw refuse(
      "channel_account_id",
      `its money is ${account.fundFlow}: the channel charges the merchant itself, and no cost is booked here`,
    );
  }
  if (!account.currencies.includes(currency)) {
    throw refuse("currency", `the account takes ${account.currencies.join(", ")}, not ${currency}`);
  }
  checkMethod(method, Object.keys(deps.channels.channel(account.channel)?.traits.scenes ?? {}));
  return { kind: "cost", account };
}

function checkMethod(method: string | null, methods: readonly string[]): void {
  if (method === null || methods.includes(method)) return;
  throw refuse("method", `there is no method ${method}, only ${methods.join(", ")}`);
}

/**
 * Adds an approved version. The approval's id is unique among versions, so a second time finds the first; a
 * version that another one came before is refused, because what was approved would not be what it changes.
 */
async function carryOut(
  deps: FeesDeps,
  tx: Tx,
  of: { readonly kind: ScheduleKind; readonly approval: Approval; readonly today: string },
): Promise<{ done: true } | { refused: string }> {
  const { kind, approval, today } = of;
  const payload = approval.payload as {
    readonly version: number;
    readonly effective_from: string;
    readonly terms: WireTerms | null;
  };
  const id = parseId("fsc", approval.subject);
  const schedule = id === null ? null : await store.lockSchedule(tx, kind, id);
  if (schedule === null) return { refused: `there is no schedule ${approval.subject} any more` };
  if (schedule.versions.some(({ approvalId }) => approvalId === approval.id)) return { done: true };
  const newest = schedule.versions.at(-1)?.version ?? 0;
  if (payload.version !== newest + 1) {
    return { refused: `the schedule has the version ${newest} meanwhile; propose the change again` };
  }
  if (payload.effective_from < today) {
    return {
      refused: `${payload.effective_from}, when it was to begin, is closed now; propose ${today} or later`,
    };
  }
  await store.insertVersion(tx, schedule.id, {
    version: payload.version,
    effectiveFrom: payload.effective_from,
    terms: payload.terms === null ? null : readTerms(payload.terms),
    approvalId: approval.id,
    proposedBy: approval.proposedBy,
    approvedBy: approval.decidedBy,
    createdAt: deps.cell.clock.now(),
  });
  return { done: true };
}
