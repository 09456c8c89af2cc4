/**
 * The port that every channel implements: one folder per channel, wiring apart from pure transformers, and
 * none of a channel's own types outside its folder.
 *
 * A *call* and a *trade* are two questions. A call ends `answered | refused | not_sent | unknown`; only an
 * answer says something of the trade, as an *outcome*. A time-out is never a failure.
 */
import type { Currency } from "../kernel/money.ts";
import type { FundFlowStatement } from "./fund-flow.ts";
import type { ChannelNetwork } from "./network.ts";
import type { Call } from "./port-calls.ts";
import type { CredentialFault, MerchantAtChannel } from "./port-credentials.ts";
import type { Identification } from "./port-identification.ts";
import type { Acknowledgement, InboundRequest, Notification } from "./port-notifications.ts";
import type { PayoutReading } from "./port-payouts.ts";
import type { RefundedShare, Sharing } from "./port-sharing.ts";
import type { LargeReading, Statement, StatementOf, StatementTraits } from "./port-statements.ts";
import type { StatementFault } from "./statement-fault.ts";

export type { FundFlowLine, FundFlowStatement } from "./fund-flow.ts";
export type { ChannelNetwork } from "./network.ts";
export type * from "./port-calls.ts";
export type * from "./port-credentials.ts";
export type * from "./port-http.ts";
export type * from "./port-identification.ts";
export type * from "./port-notifications.ts";
export type * from "./port-payouts.ts";
export type * from "./port-sharing.ts";
export type * from "./port-statements.ts";

/** How a buyer meets the channel; the methods of the API, `<channel>.<scene>`. */
export type Method = string;

/** What the channel says of one order: the only six things that a report can mean to the door. */
export type TradeOutcome =
  /** The buyer's money was taken. */
  | ({ readonly outcome: "paid" } & TradeFacts)
  /** Taken, and `refundedAmount` of it given back so far, by anybody's doing (cumulative). */
  | ({
      readonly outcome: "refunded";
      readonly refundedAmount: bigint;
      /**
       * All that others gave back so far, where the channel was asked for it one by one. Null: it tells each
       * by its number elsewhere, and its sum falls when a refund comes back. Absent: the sum alone tells, and
       * only grows.
       */
      readonly foreignRefunds?: readonly ForeignRefund[] | null;
    } & TradeFacts)
  /** Ended without money, for good. */
  | { readonly outcome: "closed" }
  /** The channel or the buyer's bank said no, for good. */
  | {
      readonly outcome: "failed";
      readonly code: string;
      readonly message: string;
      /**
       * What it had taken, where a failed order and a reversed one are told alike: it went back with a
       * reversal if we asked for one, and was never taken if we did not.
       */
      readonly tookBefore?: TradeFacts;
    }
  /** Open: the buyer may still pay. */
  | { readonly outcome: "pending"; readonly nextAction?: NextAction; readonly channelTradeNo?: string }
  /** The channel knows no such order (for a code nobody opened: not yet). */
  | { readonly outcome: "not_found" };

export type TradeFacts = {
  /** What the channel took from the buyer's side, in minor units of `currency`. */
  readonly amount: bigint;
  readonly currency: Currency;
  /**
   * What settles to the merchant (less vouchers that the merchant funded at the channel); null: not told, so
   * `amount`.
   */
  readonly settleAmount: bigint | null;
  readonly channelTradeNo: string;
  readonly paidAt: Date;
  /** The channel's business date of the payment, `yyyy-mm-dd`. */
  readonly channelDate: string;
  /** The buyer at the channel, masked. */
  readonly buyer: string | null;
  /** What kind of card paid; null or absent: no card, or not told. */
  readonly cardType?: "debit" | "credit" | null;
};

/** What the buyer's device must do next. */
export type NextAction =
  | { readonly type: "qr_code"; readonly qrCode: string }
  /** To `url`; with `form`, by POST of these fields. */
  | { readonly type: "redirect"; readonly url: string; readonly form?: Readonly<Record<string, string>> }
  | { readonly type: "jsapi_params"; readonly params: Readonly<Record<string, string>> }
  | { readonly type: "app_params"; readonly params: string }
  | { readonly type: "none" };

/** Of a refund that the channel took. */
type RefundFacts = {
  /** The merchant's part, null when not told. */
  readonly settleAmount: bigint | null;
  readonly channelRefundNo: string | null;
  /** The channel's business date under which its statement lists the refund; null when not told. */
  readonly channelDate: string | null;
  /**
   * What the channel had given back of the order by then in all, be it by refunds of ours or not; null or
   * absent when not told.
   */
  readonly refundedInAll?: bigint | null;
  /** Why it does not go on by itself, and what a person must do at the channel; absent when it does. */
  readonly trouble?: string;
};

/** What the channel says of one refund. */
export type RefundOutcome =
  /** The channel took it: it is billed from now on. */
  | ({ readonly outcome: "accepted" } & RefundFacts)
  | ({ readonly outcome: "arrived" } & RefundFacts)
  | { readonly outcome: "failed"; readonly code: string; readonly message: string }
  /** Came back after it was accepted. */
  | { readonly outcome: "returned"; readonly channelDate: string; readonly message: string }
  | { readonly outcome: "pending" }
  | { readonly outcome: "not_found" };

/**
 * What the channel says of a payer's claim against one payment. Money moves when it opens, and back when it
 * is won; amounts in minor units of `currency`.
 */
export type DisputeOutcome = {
  /** The channel's number of the claim, unique within the channel account. */
  readonly channelDisputeNo: string;
  /** What the payer claims, and the channel holds back meanwhile. */
  readonly amount: bigint;
  /** What the channel charges for the claim when it opens. */
  readonly fee: bigint;
  readonly currency: Currency;
  /** The channel's business date on which it opened, `yyyy-mm-dd`. */
  readonly openedDate: string;
  /** The channel's own word for the reason. */
  readonly reason: string;
  /** Evidence must be there by then; null: not told, or too late. */
  readonly respondBy: Date | null;
} & (
  | { readonly outcome: "opened" | "lost" }
  /** Only once the money is back: until then it is `opened`, whatever was decided. */
  | { readonly outcome: "won"; readonly returned: DisputeReturn }
);

/** What came back of a claim that was won: all of it or a part, and by some contracts the fee. */
export type DisputeReturn = {
  readonly amount: bigint;
  readonly fee: bigint;
  /** The channel's business date on which it came back, `yyyy-mm-dd`. */
  readonly channelDate: string;
};

/**
 * A refund that the channel carried out and nobody here asked for, such as one made at its dashboard; amounts
 * in minor units of `currency`.
 */
export type ForeignRefund = {
  /** `returned`: it was given back, and came back from the buyer's bank. */
  readonly outcome: "given_back" | "returned";
  /** The channel's own number, unique within the order. */
  readonly channelRefundNo: string;
  readonly amount: bigint;
  readonly currency: Currency;
  /** The channel's business date on which it was given back, `yyyy-mm-dd`. */
  readonly channelDate: string;
  /** The one on which it came back; null: it did not, or it is not told. */
  readonly returnedDate: string | null;
};

/** What a cancel by us (reversal, 冲正/撤销) did. */
export type ReversalOutcome =
  /** Ended; `moneyReturned`: the buyer had paid and got it back by this call or an earlier repeat of it. */
  | {
      readonly outcome: "reversed";
      readonly moneyReturned: boolean;
      readonly channelTradeNo: string | null;
      readonly channelDate: string;
      /** What the buyer had paid, where the channel tells; absent: not told. */
      readonly paid?: TradeFacts;
    }
  /** The channel says: repeat the call. */
  | { readonly outcome: "again" };

/** The order as placed at the channel. Everything needed is in it: a connector reads no database. */
export type Order = {
  readonly method: Method;
  /** Ours, fixed before the call: the channel's idempotency key. */
  readonly channelOrderNo: string;
  readonly channelTradeNo: string | null;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly createdAt: Date;
};

/** What placing an order needs beyond naming it. */
export type NewOrder = Order & {
  readonly subject: string;
  /**
   * The channel takes no money after it, as far as it knows of ends: a channel without them takes money until
   * the order is closed, which whoever drives it does at this instant.
   */
  readonly expiresAt: Date;
  readonly notifyUrl: string;
  readonly returnUrl: string | null;
  /** The buyer's payment code; in memory only, never stored. */
  readonly paymentCode: string | null;
  /** The buyer at the channel (`open_id`, `user_id`), where the scene needs one. */
  readonly buyer: string | null;
  /** The address that the buyer's device came from, where the scene needs one. */
  readonly buyerIp: string | null;
  readonly storeNo: string | null;
  readonly terminalNo: string | null;
  /** Its money stays frozen at the channel for receivers until it is split (分账); absent: it does not. */
  readonly profitSharing?: true;
};

export type RefundOrder = {
  readonly order: Order;
  /** Ours, fixed before the call; a retry uses the same. */
  readonly channelRefundNo: string;
  readonly amount: bigint;
  /** What the channel took by the order, which need not be what was asked. */
  readonly paidAmount: bigint;
  /** The channel's business date of the payment, `yyyy-mm-dd`; null: not known. */
  readonly paidChannelDate: string | null;
  readonly reason: string | null;
  readonly notifyUrl: string;
  readonly createdAt: Date;
  /** What receivers give back with it, where the channel takes it back so; absent: nothing. */
  readonly shares?: readonly RefundedShare[];
};

/** One channel account as a connector sees it: the contract's endpoint and one version of its credentials. */
export type ChannelContext = {
  readonly channelAccountId: string;
  /** Where the channel is: its production address, its own sandbox, or ours. */
  readonly gatewayUrl: string;
  /** Validated by the channel's `parseCredentials`; only that channel's folder knows the shape. */
  readonly credentials: unknown;
  readonly timeoutMs: number;
  /** Hand it to every request of `ChannelHttp`; absent: the connections that nobody owns. */
  readonly network?: ChannelNetwork | undefined;
  /**
   * Takes one more of the account's calls per second, for an operation whose calls are as many as the channel
   * has pages: its caller took the first alone. False: not now. Absent: nobody counts.
   */
  readonly takeAnother?: () => Promise<boolean>;
};

/** What the platform must know of a scene to drive it without knowing the channel. */
export type SceneTraits = {
  /** `qr`: the buyer scans ours · `redirect` · `app` · `jsapi` · `payment_code`: we scan the buyer's (被扫). */
  readonly kind: "qr" | "redirect" | "app" | "jsapi" | "payment_code";
  /** Cashier devices that may offer it; empty: API only. */
  readonly devices: readonly ("phone" | "desktop")[];
  /** May a lost first call be repeated with the same number, or must it be asked about and cancelled? */
  readonly afterCrash: "resend" | "query_then_cancel";
  /**
   * The channel creates no order before the buyer comes: `not_found` means "not yet" until the order's
   * expiry.
   */
  readonly orderAppearsWithBuyer: boolean;
  /**
   * How long after creation `not_found` may still turn into an order, where the buyer is not awaited;
   * milliseconds.
   */
  readonly notFoundHorizonMs: number;
  /** Gaps between active queries, milliseconds; the last repeats until the expiry. */
  readonly queryGapsMs: readonly number[];
  /**
   * How long after the order's creation what the buyer was given (a code, a link, parameters) can be used,
   * milliseconds; null: as long as the order. It may end before the order does.
   */
  readonly actionLifetimeMs: number | null;
  /** For payment codes: when to give up and reverse, milliseconds after the call; null elsewhere. */
  readonly reverseAfterMs: number | null;
  readonly requiresBuyer: boolean;
  readonly requiresBuyerIp: boolean;
  readonly requiresPaymentCode: boolean;
};

/** What a channel is, apart from any account. */
export type ChannelTraits = {
  readonly name: string;
  readonly displayName: string;
  readonly scenes: Readonly<Record<Method, SceneTraits>>;
  readonly currencies: readonly Currency[];
  readonly amountMin: bigint;
  readonly amountMax: bigint;
  /** The least order of a currency, where it is more than `amountMin`; null and absent: no more. */
  readonly leastAmounts?: Readonly<Record<Currency, bigint | null>>;
  /** Gaps between refund queries, milliseconds; the last repeats. */
  readonly refundQueryGapsMs: readonly number[];
  /** After this long a refund that the channel keeps not knowing was never taken; milliseconds. */
  readonly refundNotFoundHorizonMs: number;
  /** What an account's contract says unless told: the least time between two parts; absent: none. */
  readonly refundSpacingMs?: number;
  /** The same of the parts in which one order may be refunded; absent: no cap. */
  readonly refundPartsMax?: number;
  /**
   * False: it never tells that a refund has arrived, so its statement, which carries the refund, ends it.
   * Absent: it tells.
   */
  readonly tellsRefundArrival?: boolean;
  /** The time zone of the channel's business date. */
  readonly timeZone: string;
  /** When its business day begins, in minutes after the midnight of its date; -60: at 23:00 before. */
  readonly dayStartMinutes: number;
  readonly statements: StatementTraits;
};

/**
 * One channel's connector. Every method is a single exchange with the channel (its own hand-shakes apart: a
 * query after a refusal, where a bill lies; further calls ask `takeAnother`). It ends within 30 seconds,
 * the lease of whoever asks, and a statement within five minutes. It never throws for what a channel or the
 * network does, and holds no state of a payment.
 */
export type Channel = {
  readonly traits: ChannelTraits;
  /** Reads credentials as stored; a list of faults (field and remedy) when they cannot work. */
  parseCredentials(
    raw: unknown,
  ): { ok: true; credentials: unknown } | { ok: false; faults: readonly CredentialFault[] };
  /**
   * Whom credentials that `parseCredentials` read make us; null: they do not say, and `prove` tells it.
   */
  merchantOf(credentials: unknown): MerchantAtChannel | null;
  /**
   * One signed query that only a right pair of keys can complete. `merchant`: whom the channel knows by them,
   * where the credentials need not say it.
   */
  prove(
    context: ChannelContext,
  ): Promise<Call<{ readonly proved: true; readonly merchant?: MerchantAtChannel }>>;
  /**
   * Why this order can't be placed here, before anything is sent: field, and what to do; null: it can. With
   * the account's context also what that account lacks.
   */
  refuseOrder(order: NewOrder, context?: ChannelContext): { field: string; detail: string } | null;
  pay(context: ChannelContext, order: NewOrder): Promise<Call<TradeOutcome>>;
  query(context: ChannelContext, order: Order): Promise<Call<TradeOutcome>>;
  /**
   * Ends an unpaid order. `paid` or `refunded`, as the channel says when it is asked, where it was too late;
   * `not_found` when there is nothing to close.
   */
  close(context: ChannelContext, order: Order): Promise<Call<TradeOutcome>>;
  /** Undoes a payment-code order whose result is not known. Only for scenes of kind `payment_code`. */
  reverse(context: ChannelContext, order: Order): Promise<Call<ReversalOutcome>>;
  refund(context: ChannelContext, refund: RefundOrder): Promise<Call<RefundOutcome>>;
  queryRefund(context: ChannelContext, refund: RefundOrder): Promise<Call<RefundOutcome>>;
  /**
   * How a claim that opened stands now. A channel that tells of claims can be asked; others have no such
   * call.
   */
  queryDispute?(context: ChannelContext, channelDisputeNo: string): Promise<Call<DisputeOutcome>>;
  /**
   * Verifies with each context in turn (an order placed before a rotation of keys still verifies) and reads a
   * notification.
   */
  readNotification(contexts: readonly ChannelContext[], request: InboundRequest): Notification;
  /**
   * Asked about a notification that was refused: fetches what may be missing to verify it, such as a key of
   * the channel's that came up since. True: read it once more. Never throws, calls seldom, and is quick
   * enough for the acknowledgement that the channel waits for.
   */
  prepareNotification?(contexts: readonly ChannelContext[], request: InboundRequest): Promise<boolean>;
  acknowledge(accepted: boolean): Acknowledgement;
  /**
   * The original of one channel date's statement, as the channel hands it out and unread; `refused` with code
   * `no_statement` when there is none.
   */
  fetchStatement(context: ChannelContext, channelDate: string): Promise<Call<Buffer>>;
  /**
   * Reads an original, be it downloaded, uploaded or kept, all of it or nothing: pure, and the same bytes
   * give the same statement. The fault says what makes it another's, another day's, broken or contradictory.
   */
  readStatement(of: StatementOf, original: Buffer): Promise<Statement | StatementFault>;
  readonly large?: LargeReading;
  /** `fetchStatement`, and what it gave as `readStatement` reads it. */
  downloadStatement(context: ChannelContext, channelDate: string): Promise<Call<Statement>>;
  /** The same of what moved on an account there. @param accountType in its words; the main one if absent */
  fetchFundFlow?(context: ChannelContext, channelDate: string, accountType?: string): Promise<Call<Buffer>>;
  readFundFlow?(
    of: StatementOf,
    original: Buffer,
    accountType?: string,
  ): Promise<FundFlowStatement | StatementFault>;
  downloadFundFlow?(
    context: ChannelContext,
    channelDate: string,
    accountType?: string,
  ): Promise<Call<FundFlowStatement>>;
  /** Finds what it pays out to our bank in its statements; absent where they do not tell. */
  readonly payouts?: PayoutReading;
  /** Splits what buyers paid among receivers; absent where the channel does not. */
  readonly sharing?: Sharing<ChannelContext>;
  /** Tells who the buyer in the wallet's own browser is; absent where no scene needs it of a browser. */
  readonly identify?: Identification;
};
