/**
 * Channels' notifications: verified byte for byte, matched to an order, taken to the door, and acknowledged
 * only after the commit. What belongs to nothing here is kept and shown.
 */
import {
  type Channel,
  type ChannelAccount,
  type Channels,
  channelDateOf,
  type InboundRequest,
  type Notification,
  type TradeOutcome,
} from "../channels/index.ts";
import { type Clock, DAY, MINUTE, plus } from "../kernel/clock.ts";
import type { Cell } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import type { Http } from "../kernel/http.ts";
import { formatId, parseChannelNumber, parseId } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { AttemptPlaces } from "./attempt/places.ts";
import { type AttemptPlace, attemptById, attemptPlaceByTradeNo } from "./attempt/store.ts";
import type { Attempt, Refund, WorkItem } from "./model.ts";
import type { Door } from "./outcome/door.ts";
import { refundById } from "./refund/store.ts";
import { insertStray } from "./strays.ts";
import { foreignRefundItem } from "./work/foreign-refund.ts";
import { insertWorkItems } from "./work/store.ts";

const BODY_BYTES_MAX = 64 * 1024;
/**
 * A notification that would wait longer is refused before it is verified; the channel repeats it. New
 * payments and wishes are refused long before that.
 */
const WAIT_MS_MAX = 3_000;
/** Refused notifications kept per account and minute: a flood of forgeries fills no disk. */
const REFUSED_KEPT_PER_MINUTE = 30;

/** What it is about is not known yet: refused, so that the channel says it again. */
const TOO_EARLY = "too early";

export type InboundDeps = {
  readonly cell: Cell;
  readonly channels: Channels;
  readonly door: Door;
  readonly places: Pick<AttemptPlaces, "of">;
  readonly log: Log;
};

type Authentic = Extract<Notification, { verdict: "authentic" }>;

/** Adds `/notify/{channel}/{channel_account}`. */
export function inboundRoutes(http: Http, deps: InboundDeps): void {
  const keep = keeper(deps.cell.clock);
  http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: BODY_BYTES_MAX }, (_, body, done) => {
      done(null, body);
    });
    scope.post<{ Params: { channel: string; account: string }; Body: Buffer }>(
      "/notify/:channel/:account",
      // Channels are not slowed down: what they say not in time they say again, later.
      { schema: { hide: true }, config: { rateLimit: false } },
      async (request, reply) => {
        if (deps.door.isBehind(WAIT_MS_MAX)) throw problem("overloaded", { retryAfterSeconds: 1 });
        const { account, channel } = await find(deps, request.params.channel, request.params.account);
        const accepted = await receive(deps, keep, account, {
          method: request.method,
          headers: request.headers,
          query: request.url.split("?", 2)[1] ?? "",
          body: request.body ?? Buffer.alloc(0),
          receivedAt: deps.cell.clock.now(),
        });
        const answer = channel.acknowledge(accepted);
        return reply.status(answer.status).header("content-type", answer.contentType).send(answer.body);
      },
    );
  });
}

async function find(deps: InboundDeps, channelName: string, accountText: string) {
  const id = parseId("cha", accountText);
  const account = id === null ? null : await deps.channels.account(id);
  const channel = deps.channels.channel(channelName);
  if (account === null || channel === null || account.channel !== channelName) throw problem("not_found");
  return { account, channel };
}

/** True: acknowledged; everything that it said is committed. */
async function receive(
  deps: InboundDeps,
  keep: (accountId: string) => boolean,
  account: ChannelAccount,
  request: InboundRequest,
): Promise<boolean> {
  const channel = deps.channels.channel(account.channel);
  if (channel === null) return false;
  const contexts = await deps.channels.contextsOf(account);
  let notification = channel.readNotification(contexts, request);
  if (notification.verdict === "refused" && (await channel.prepareNotification?.(contexts, request))) {
    notification = channel.readNotification(contexts, request);
  }
  if (notification.verdict === "refused") {
    deps.log.warn(
      { account: formatId("cha", account.id), reason: notification.reason },
      "a notification was refused",
    );
    if (keep(account.id))
      await stray(deps, account, "refused", notification.reason, notification, request.receivedAt);
    return false;
  }
  if (notification.about.kind === "nothing") return true;
  const attempt = await attemptFor(deps, account, notification);
  const foreign =
    attempt === null
      ? ofNoOrder(notification, channel, request.receivedAt)
      : await deliver(deps, attempt, notification);
  if (foreign === null) return true;
  if (foreign === TOO_EARLY) {
    deps.log.info({ account: formatId("cha", account.id) }, "a notification came too early: to be repeated");
    return false;
  }
  const whole = attempt === null ? null : await attemptById(deps.cell.db, attempt.id);
  const item = whole === null ? null : foreignRefundItem(deps.cell.newId(), whole, notification);
  await stray(deps, account, "orphan", foreign, notification, request.receivedAt, item);
  return true;
}

/**
 * A claim, or money that the channel gave back by itself, names its payment by the channel's number, which an
 * order may have only once it is told to be paid. So a young one is refused, for the channel to say it again;
 * an older one is about a payment that is not ours.
 */
function ofNoOrder({ about }: Authentic, { traits }: Pick<Channel, "traits">, receivedAt: Date): string {
  const since = sinceOf(about);
  const isYoung = since !== null && since >= channelDateOf(traits, plus(receivedAt, -DAY));
  return isYoung ? TOO_EARLY : "no order here has this number";
}

/** The channel's date of what may be told before its payment is known by the channel's number. */
function sinceOf(about: Authentic["about"]): string | null {
  if (about.kind === "dispute") return about.dispute.openedDate;
  return about.kind === "foreign_refund" ? about.refund.channelDate : null;
}

async function attemptFor(
  deps: InboundDeps,
  account: ChannelAccount,
  notification: Authentic,
): Promise<AttemptPlace | null> {
  const { channelOrderNo, channelTradeNo } = notification;
  if (channelOrderNo === null) {
    if (channelTradeNo === undefined) return null;
    return attemptPlaceByTradeNo(deps.cell.db, account.id, channelTradeNo);
  }
  const id = parseChannelNumber("att", channelOrderNo);
  const attempt = id === null ? null : await deps.places.of(id);
  return attempt?.channelAccountId === account.id ? attempt : null;
}

/** Takes it to the door; why nothing here is meant by it, or null. */
async function deliver(
  deps: InboundDeps,
  attempt: AttemptPlace,
  notification: Authentic,
): Promise<string | null> {
  const { about, exchange } = notification;
  const common = {
    paymentId: attempt.paymentId,
    merchantId: attempt.merchantId,
    channelAccountId: attempt.channelAccountId,
    attemptId: attempt.id,
    exchange,
  };
  if (about.kind === "refund") {
    const refund = await refundFor(deps, attempt, about.channelRefundNo);
    if (refund !== null) {
      const done = await deps.door.submit({
        ...common,
        reportId: deps.cell.newId(),
        kind: "refund_report",
        refundId: refund.id,
        source: "notification",
        end: { end: "answered", value: about.refund },
      });
      const present = done.attempts.find((other) => other.id === attempt.id);
      if (about.trade === null || (present !== undefined && isExplained(present, about.trade))) return null;
    }
  }
  if (about.kind === "nothing") return null;
  if (about.kind === "dispute") {
    const done = await deps.door.submit({
      ...common,
      reportId: deps.cell.newId(),
      kind: "dispute_report",
      disputeId: deps.cell.newId(),
      end: { end: "answered", value: about.dispute },
    });
    return done.decision === "waiting" ? TOO_EARLY : null;
  }
  if (about.kind === "foreign_refund") {
    const end = { end: "answered", value: about.refund } as const;
    const done = await deps.door.submit({
      ...common,
      reportId: deps.cell.newId(),
      kind: "foreign_refund",
      end,
    });
    return done.decision === "waiting" ? TOO_EARLY : null;
  }
  if (about.trade === null) return "no refund here has this number";
  await deps.door.submit({
    ...common,
    reportId: deps.cell.newId(),
    kind: "trade",
    source: "notification",
    end: { end: "answered", value: about.trade },
  });
  return null;
}

/** Whether refunds that are known make up all that the channel says it has given back. */
function isExplained(attempt: Attempt, trade: TradeOutcome): boolean {
  if (attempt.taken === null || trade.outcome !== "refunded") return false;
  return trade.refundedAmount <= attempt.refundedAmount + attempt.takenBack;
}

async function refundFor(
  deps: InboundDeps,
  attempt: AttemptPlace,
  channelRefundNo: string,
): Promise<Refund | null> {
  const id = parseChannelNumber("rfd", channelRefundNo);
  const refund = id === null ? null : await refundById(deps.cell.db, id);
  return refund?.attemptId === attempt.id ? refund : null;
}

async function stray(
  deps: InboundDeps,
  account: ChannelAccount,
  kind: "orphan" | "refused",
  reason: string,
  notification: Notification,
  receivedAt: Date,
  item: WorkItem | null = null,
): Promise<void> {
  const authentic = notification.verdict === "authentic" ? notification : null;
  const id = deps.cell.newId();
  await deps.cell.transact(async (tx) => {
    await insertStray(tx, {
      id,
      channelAccountId: account.id,
      kind,
      reason,
      channelOrderNo: authentic?.channelOrderNo ?? null,
      notifyId: authentic?.notifyId ?? null,
      outcome: authentic === null ? null : outcomeOf(authentic.about),
      request: notification.exchange.request,
      receivedAt,
    });
    if (item !== null) await insertWorkItems(tx, [item], receivedAt);
  });
}

function outcomeOf(about: Authentic["about"]): string | null {
  if (about.kind === "nothing") return null;
  if (about.kind === "dispute") return about.dispute.outcome;
  if (about.kind === "foreign_refund") return about.refund.outcome;
  return about.trade?.outcome ?? null;
}

/** Whether one more refused notification of an account may be kept in this minute. */
function keeper(clock: Clock): (accountId: string) => boolean {
  const kept = new Map<string, { minute: number; count: number }>();
  return (accountId) => {
    const minute = Math.floor(clock.now().getTime() / MINUTE);
    const present = kept.get(accountId);
    const count = present?.minute === minute ? present.count + 1 : 1;
    kept.set(accountId, { minute, count });
    return count <= REFUSED_KEPT_PER_MINUTE;
  };
}
