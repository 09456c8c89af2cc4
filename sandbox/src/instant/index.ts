/**
 * The bench's channel: the flow of an order without any cryptography, so that what is measured is the
 * platform. It keeps nothing; the load generator plays the buyer and reports each success over HTTP, and
 * whoever listens at the account's gateway hands out its statements.
 *
 * It keeps the platform's channel port by shape; the sandbox imports nothing from the platform.
 */
import type { SandboxClock } from "../clock.ts";
import { readInstantStatement } from "./statement.ts";

const NAME = "instant";
const DAY_MS = 86_400_000;

/** A report, as the generator posts it to `/notify/instant/{channel account}`. */
export type InstantReport = {
  /** Our order number. */
  readonly order: string;
  /** Minor units, in digits. */
  readonly amount: string;
  readonly trade: string;
};

type Context = { readonly gatewayUrl: string; readonly channelAccountId: string };
type Order = { readonly channelOrderNo: string; readonly amount: bigint; readonly currency: string };
type Refund = { readonly order: Order; readonly channelRefundNo: string; readonly amount: bigint };

/** A connector that answers at once and always yes. */
export function createInstantChannel(deps: { readonly clock: Pick<SandboxClock, "now"> }) {
  const exchange = (operation: string, request: string, response: string | null) => ({
    operation: operation as never,
    startedAt: deps.clock.now(),
    tookMs: 0,
    channelCode: "ok",
    request,
    response,
  });
  const answered = <T>(operation: string, request: string, value: T) =>
    Promise.resolve({ end: "answered" as const, value, exchange: exchange(operation, request, "ok") });
  const today = () => deps.clock.now().toISOString().slice(0, 10);
  const fetchStatement = async ({ gatewayUrl, channelAccountId }: Context, date: string) => {
    const url = `${gatewayUrl}/statements/${channelAccountId}/${date}`;
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok === true) {
      const value = Buffer.from(await answer.arrayBuffer());
      return { end: "answered" as const, value, exchange: exchange("statement", url, "ok") };
    }
    return {
      end: "refused" as const,
      code: "no_statement",
      message: "nobody keeps a statement of this account",
      retryable: false,
      exchange: exchange("statement", url, null),
    };
  };

  return {
    traits: {
      name: NAME,
      displayName: "Instant",
      scenes: { "instant.qr": SCENE },
      currencies: ["CNY"],
      amountMin: 1n,
      amountMax: 10_000_000_000n,
      refundQueryGapsMs: [DAY_MS],
      refundNotFoundHorizonMs: DAY_MS,
      timeZone: "Asia/Shanghai",
      dayStartMinutes: 0,
      statements: {
        publishedAfterMinutes: 0,
        gapsMs: [DAY_MS],
        emptyAfterAsking: 1,
        showsReturns: false,
        omitsFailedRefunds: false,
        omitsReversedOf: [],
      },
    },
    parseCredentials: () => ({ ok: true as const, credentials: {} }),
    merchantOf: () => ({}),
    prove: () => answered("prove", "", { proved: true as const }),
    refuseOrder: () => null,
    pay: (_: unknown, order: Order) =>
      answered("pay", order.channelOrderNo, {
        outcome: "pending" as const,
        nextAction: { type: "qr_code" as const, qrCode: order.channelOrderNo },
      }),
    query: (_: unknown, order: Order) =>
      answered("query", order.channelOrderNo, { outcome: "pending" as const }),
    close: (_: unknown, order: Order) =>
      answered("close", order.channelOrderNo, { outcome: "closed" as const }),
    reverse: (_: unknown, order: Order) =>
      answered("reverse", order.channelOrderNo, {
        outcome: "reversed" as const,
        moneyReturned: false,
        channelTradeNo: null,
        channelDate: today(),
      }),
    refund: (_: unknown, refund: Refund) =>
      answered("refund", refund.channelRefundNo, accepted(refund, today())),
    queryRefund: (_: unknown, refund: Refund) =>
      answered("refund_query", refund.channelRefundNo, accepted(refund, today())),
    readNotification: (_: unknown, request: { readonly body: Buffer; readonly receivedAt: Date }) => {
      const text = request.body.toString("utf8");
      const report = JSON.parse(text) as InstantReport;
      const trade = {
        outcome: "paid" as const,
        amount: BigInt(report.amount),
        currency: "CNY",
        settleAmount: null,
        channelTradeNo: report.trade,
        paidAt: request.receivedAt,
        channelDate: request.receivedAt.toISOString().slice(0, 10),
        buyer: null,
      };
      return {
        verdict: "authentic" as const,
        notifyId: report.trade,
        channelOrderNo: report.order,
        about: { kind: "trade" as const, trade },
        exchange: exchange("notification", text, null),
      };
    },
    acknowledge: () => ({ status: 200, contentType: "text/plain", body: "success" }),
    fetchStatement,
    readStatement: ({ channelDate }: { readonly channelDate: string }, original: Buffer) =>
      Promise.resolve(readInstantStatement(channelDate, original)),
    downloadStatement: async (context: Context, date: string) => {
      const fetched = await fetchStatement(context, date);
      if (fetched.end === "refused") return fetched;
      return { ...fetched, value: readInstantStatement(date, fetched.value) };
    },
  };
}

const SCENE = {
  kind: "qr" as const,
  devices: ["desktop" as const],
  afterCrash: "resend" as const,
  orderAppearsWithBuyer: true,
  notFoundHorizonMs: DAY_MS,
  queryGapsMs: [DAY_MS],
  actionLifetimeMs: null,
  reverseAfterMs: null,
  requiresBuyer: false,
  requiresBuyerIp: false,
  requiresPaymentCode: false,
};

function accepted(refund: Refund, channelDate: string) {
  return {
    outcome: "accepted" as const,
    settleAmount: null,
    channelRefundNo: refund.channelRefundNo,
    channelDate,
  };
}
