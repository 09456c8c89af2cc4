import type {
  Channel,
  ChannelContext,
  ChannelTraits,
  InboundRequest,
  NewOrder,
  NextAction,
  ShareReceiver,
} from "../port.ts";

// What a channel brings to be judged by the contract. Nothing here is of one channel.
//
// Harness       the channel's name and traits, what its simulator can do wrong, and how to start it
// Environment   one running simulator with one account of ours at it
// Placed        an order that was placed, and what the buyer has in hand

export type Placed = { readonly order: NewOrder; readonly nextAction: NextAction | null };

/** How a payment code behaves when it is charged. */
export type CodeBehaviour = "pays" | "asks_password" | "refused";

/** What can go wrong with one call, armed for one order. */
export type CallFault =
  /** Carried out, and the answer never arrives. */
  | "answer_lost"
  /** Not carried out, and nobody answers. */
  | "timeout_before"
  /** Not carried out; an HTTP error instead of an answer. */
  | "http_5xx"
  /** The answer comes after our time-out. */
  | "slow"
  /** Refused for too many calls. */
  | "rate_refusal"
  /** Not carried out; the channel says that it doesn't know. */
  | "system_error";

/** What a channel can do of its own, armed for one order. */
export type ChannelFault =
  /** The next refund is refused: the merchant's balance at the channel is too low. */
  | "refund_without_funds"
  /** The next refund is taken, and comes back from the buyer's bank. */
  | "refund_returned"
  /** The next reversal is not done yet: call again. */
  | "reversal_again"
  /** The next notification is preceded by a forgery. */
  | "notification_forged"
  /** The next notification comes twice. */
  | "notification_duplicate";

export type Environment = {
  readonly channel: Channel;
  readonly context: ChannelContext;
  /** The credentials of `context` as an operator enters them. */
  readonly credentials: Readonly<Record<string, unknown>>;
  /**
   * The same account read with wrong keys: ours not known to the channel, the channel's not its own, another
   * app's id.
   */
  readonly wrong: {
    readonly ourKey: ChannelContext;
    readonly platformKey: ChannelContext;
    readonly otherApp: ChannelContext;
  };
  /** Texts that must never stand in an exchange record. */
  readonly secrets: readonly string[];
  /** Where notifications are received; every one is acknowledged with the channel's own yes. */
  readonly notifyUrl: string;
  /** The first `count` notifications about an order, raw, in order of arrival; waits for them. */
  notifications(channelOrderNo: string, count: number): Promise<readonly InboundRequest[]>;
  /** The same request with its amount changed, its signature kept. */
  tamper(request: InboundRequest): InboundRequest;
  readonly buyer: {
    /** The buyer at the channel, for scenes that need one. */
    readonly id: string;
    paymentCode(behaviour: CodeBehaviour): Promise<string>;
    /** Opens what is in hand without paying yet. */
    open(placed: Placed): Promise<void>;
    /** Pays; `merchantVoucher` is the part that the merchant funded at the channel. */
    pay(placed: Placed, merchantVoucher?: bigint): Promise<void>;
    fail(placed: Placed): Promise<void>;
    abandon(placed: Placed): Promise<void>;
  };
  /** Arms one fault for one order: the next call, or the next that matches `method` of the port. */
  arm(fault: CallFault | ChannelFault, channelOrderNo: string): Promise<void>;
  /** Publishes the statement of the present day, so far. */
  publishStatement(): Promise<void>;
  /** What time it is for the channel and its connector; absent: the machine's. */
  now?(): Date;
  /** Moves both to the channel's next day; where parts of refunds are taken only then. */
  startNextDay?(): Promise<void>;
  /** Lets pass what must pass until what was paid so far can be split; absent: nothing. */
  untilShares?(): Promise<void>;
  close(): Promise<void>;
};

/** What a channel that splits brings besides. */
export type SharingHarness = {
  /** One that its simulator takes. */
  readonly receiver: ShareReceiver;
  readonly returnsWithRefund: boolean;
};

export type Harness = {
  readonly name: string;
  readonly traits: ChannelTraits;
  /** The first word of its methods; left out: its name. Cards are the same whoever charges them. */
  readonly methodsBeginWith?: string;
  readonly callFaults: readonly CallFault[];
  readonly channelFaults: readonly ChannelFault[];
  /**
   * What a refund that was sent back by the buyer's bank is called; absent: returned. To the platform one
   * that was accepted and then failed has come back.
   */
  readonly refundsComeBackAs?: "failed";
  /** Whether the channel tells of an order what went back of it in all, or only of each refund. */
  readonly tellsRefundedSum: boolean;
  /** Whether the notification of a refund tells that sum; left out: as `tellsRefundedSum`. */
  readonly refundNoticeTellsSum?: boolean;
  /**
   * Pages and app orders too are made by the call that places them; left out: the buyer's device makes them.
   */
  readonly placesEveryScene?: boolean;
  /** Whether answers are signed; left out: they are. Where not, the connection alone says whose they are. */
  readonly signsAnswers?: boolean;
  /** Whether a charged payment code is notified of, or only answered and asked about. */
  readonly notifiesOfCodes: boolean;
  /** When the channel takes refunds of a part of an order; absent: at once. */
  readonly refundsPartsFrom?: "next_day";
  /** False: an unpaid order is not closed by us, it ends at its expiry; absent: it is. */
  readonly closes?: false;
  /** True: what the buyer pays with is told once, and placing again only that the order is there. */
  readonly handsOutOnce?: true;
  /** False: an order stays unknown while the buyer only looks at it; absent: opening it makes it. */
  readonly showsOpened?: false;
  /** What a query calls an order that was reversed; absent: closed before it was paid, refunded after. */
  readonly endsReversedAs?: "failed";
  /** False: there is no statement of the merchant's funds; absent: there is. */
  readonly tellsFunds?: false;
  /** False: there are no vouchers that a merchant funds; absent: there are. */
  readonly hasVouchers?: false;
  /** Absent: the channel splits nothing. */
  readonly sharing?: SharingHarness;
  create(): Promise<Environment>;
};
