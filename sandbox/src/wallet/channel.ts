// Channel   what the wallet asks of a channel: to open and pay what its codes stand for, and to show it

/** A trade as the wallet shows it; the same fields for every channel, amounts in fen. */
export type TradeView = { channel: string; token: string; created_at: string } & Record<string, unknown>;

/** A trade, and where the buyer's browser goes next. */
export type Shown = { trade: TradeView; redirectUrl: string | null };

/** What a buyer holds, and whose phone it is; null is the sandbox's one pretend buyer. */
export type InHand = { code: string; buyer: string | null };

/**
 * `voucher` is the part that the merchant funded; a null amount is the order's own; `card` is a test card's
 * name, where cards pay.
 */
export type WalletPayment = InHand & {
  amount: bigint | null;
  voucher: bigint;
  password: boolean;
  card: string | null;
};

export type WalletChannel = {
  name: string;
  /** Whether a text is this channel's: a code by its form, or a token by its order. */
  recognises: (code: string) => Promise<boolean>;
  scan: (held: InHand) => Promise<TradeView>;
  pay: (asked: WalletPayment) => Promise<Shown>;
  /** Without a reason: for lack of funds, in the channel's word for it. */
  fail: (held: InHand, reason: string | undefined) => Promise<TradeView>;
  abandon: (code: string) => Promise<TradeView>;
  ofToken: (token: string) => Promise<Shown | undefined>;
  /** Trades newest first, with the instant each order was placed at. */
  list: (
    limit: number,
    cursor: string | null,
  ) => Promise<{ trades: { placedAt: Date; view: TradeView }[]; cursor: string | null }>;
};

/** The channel whose code this is; the last where none recognises it, which then says so. */
export async function channelOf(channels: readonly WalletChannel[], code: string): Promise<WalletChannel> {
  for (const channel of channels) {
    if (await channel.recognises(code)) return channel;
  }
  return channels.at(-1)!;
}

/** The token in a link to the wallet, or the text itself. */
export function tokenIn(code: string): string {
  return /[?&]trade=([^&]+)/.exec(code)?.[1] ?? code;
}
