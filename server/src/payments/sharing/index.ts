/** The shares of payments, put together: what needs a payment's lock, its refunds, or its channel. */
import type { ChannelAccount, Channels, RefundedShare } from "../../channels/index.ts";
import type { Cell } from "../../kernel/database.ts";
import type { Http } from "../../kernel/http.ts";
import type { Log } from "../../kernel/log.ts";
import {
  returnsOfPayments,
  type SharingRoom,
  sharesOfPayments,
  sharingsOfPayments,
} from "../../sharing/index.ts";
import type { Webhooks } from "../../webhooks/index.ts";
import type { OrdersToShare } from "../attempt/calls.ts";
import type { Attempt, Payment, Refund } from "../model.ts";
import { createShareCalls } from "./calls.ts";
import { createShareDoor } from "./door.ts";
import { isHeldBack } from "./room.ts";
import { type ShareRoutesDeps, shareRoutes } from "./routes.ts";
import { createShareService } from "./service.ts";
import { type ShareWorkers, startShareWorkers } from "./workers.ts";

export type PaymentSharesDeps = {
  readonly cell: Cell;
  readonly channels: Channels;
  readonly sharing: SharingRoom;
  readonly webhooks: Pick<Webhooks, "record" | "endpointsOf" | "deliver">;
  readonly log: Log;
  /** Something of orders or refunds is due. */
  readonly onDue: () => void;
};

export type PaymentShares = {
  readonly orders: OrdersToShare;
  /** Whether a refund waits for shares that are under way, or come back first. */
  isHeldBack(refund: Refund, attempt: Attempt): Promise<boolean>;
  /** Throws the refusal of a plan that could never be carried out, naming the field. */
  checkPlan(payment: Payment): Promise<void>;
  routes(http: Http, auth: Pick<ShareRoutesDeps, "authenticateMerchant">): void;
  /** Something of shares may be due. */
  nudge(): void;
  startWorkers(): void;
  stop(): Promise<void>;
  readonly gauges: () => ShareWorkers["gauges"] | null;
};

/** Builds it; nothing runs before it is asked to. */
export function createPaymentShares(deps: PaymentSharesDeps): PaymentShares {
  const { cell, channels } = deps;
  const { contracts, receivers } = deps.sharing;
  let workers: ShareWorkers | null = null;
  const nudge = () => {
    workers?.nudge();
    deps.onDue();
  };
  const door = createShareDoor({ ...deps, onDue: nudge });
  const calls = createShareCalls({ cell, channels, receivers, door });
  const shares = createShareService({ cell, channels, contracts, receivers, door });
  return {
    orders: {
      refuseOrder: (payment, account: ChannelAccount) => shares.refuseOrder(payment, account),
      isFlagged: (payment, account: ChannelAccount) => shares.isFlagged(payment, account),
      refundedShares: (refund, attempt) => refundedShares(deps, refund, attempt),
    },
    isHeldBack: async (refund, attempt) => {
      const { paymentId } = refund;
      const [sharing] = await sharingsOfPayments(cell.db, [paymentId]);
      if (sharing === undefined) return false;
      const [known, returns] = await Promise.all([
        sharesOfPayments(cell.db, [paymentId]),
        returnsOfPayments(cell.db, [paymentId]),
      ]);
      const traits = channels.channel(attempt.channel)?.sharing?.traits ?? null;
      return isHeldBack(known, returns, refund, sharing.mode === "channel" ? traits : null);
    },
    checkPlan: (payment) => shares.checkPlan(payment),
    routes: (http, auth) => shareRoutes(http, { shares, ...auth }),
    nudge: () => workers?.nudge(),
    startWorkers: () => {
      workers ??= startShareWorkers({ ...deps, contracts, door, calls, shares });
    },
    stop: async () => {
      await workers?.stop();
    },
    gauges: () => workers?.gauges ?? null,
  };
}

/** What receivers give back with a refund, where their channel takes it back so. */
async function refundedShares(
  { cell, channels }: PaymentSharesDeps,
  refund: Refund,
  attempt: Attempt,
): Promise<readonly RefundedShare[]> {
  if (channels.channel(attempt.channel)?.sharing?.traits.returnsWithRefund !== true) return [];
  const returns = (await returnsOfPayments(cell.db, [refund.paymentId])).filter(
    ({ refundId, state }) => refundId === refund.id && state !== "failed",
  );
  if (returns.length === 0) return [];
  const shares = await sharesOfPayments(cell.db, [refund.paymentId]);
  return returns.flatMap(({ shareId, amount }) => {
    const share = shares.find(({ id }) => id === shareId);
    if (share?.mode !== "channel") return [];
    const { receiverType: type, receiverAccount: account } = share;
    return [{ receiver: { type, account, name: null, relation: null }, amount }];
  });
}
