/** What the rules have to know of a channel. */
export type ChannelTerms = {
  /** How many channel dates a difference may wait for its other side. */
  readonly windowDays: number;
  /** Its statement leaves out refunds that came to nothing. */
  readonly dropsFailedRefunds: boolean;
  /** Its statement has a line for a refund that came back. */
  readonly billsReturns: boolean;
};

const USUAL: ChannelTerms = { windowDays: 1, dropsFailedRefunds: false, billsReturns: false };

const TERMS: Readonly<Record<string, Partial<ChannelTerms>>> = {
  // Its bill says of such a refund FAIL, which is no line of moved money.
  wechat: { dropsFailedRefunds: true },
  // refund_failure is a movement of its own.
  stripe: { billsReturns: true },
};

export function termsOf(channel: string): ChannelTerms {
  return { ...USUAL, ...TERMS[channel] };
}
