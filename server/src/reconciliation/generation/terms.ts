import type { StatementTraits } from "../../channels/index.ts";

/** What the rules have to know of a channel. */
export type ChannelTerms = {
  /** How many channel dates a difference may wait for its other side. */
  readonly windowDays: number;
  /** Its statement leaves out refunds that came to nothing. */
  readonly dropsFailedRefunds: boolean;
  /** Its statement has a line for a refund that came back. */
  readonly billsReturns: boolean;
};

const WINDOW_DAYS = 1;

/** The terms of a channel by its traits; null: of one that is none of this platform's connectors. */
export function termsOf(traits: StatementTraits | null): ChannelTerms {
  return {
    windowDays: WINDOW_DAYS,
    dropsFailedRefunds: traits?.omitsFailedRefunds ?? false,
    billsReturns: traits?.showsReturns ?? false,
  };
}
