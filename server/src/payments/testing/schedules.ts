import type { RefundPolicy, Schedule, Share, Terms } from "../../fees/index.ts";
import { newId } from "./terms.ts";

/** Two partners who get three eighths of a fee. */
export const SHARES: readonly Share[] = [
  { party: "agent", rateMillionths: 125_000n },
  { party: "provider", rateMillionths: 250_000n },
];

/** A schedule of all methods in CNY with one rate (millionths), with what differs. */
export function aSchedule(kind: Schedule["kind"], rate: bigint, changes: Partial<Terms> = {}): Schedule {
  const tiers = [{ from: 0n, rateMillionths: rate, fixed: 0n }];
  const terms: Terms = {
    rules: [{ cardType: null, tiers, minimum: 0n, cap: null }],
    refund: "cumulative",
    shares: [],
    monthlyMinimum: null,
    ...changes,
  };
  return {
    id: newId(),
    kind,
    merchantId: null,
    channelAccountId: null,
    method: null,
    currency: "CNY",
    versions: [{ version: 1, effectiveFrom: "2026-01-01", terms }],
  };
}

/** A fee of 0.8 %, three eighths of it to partners, and a cost of 0.6 %, which a refund gives back so. */
export function sharedSchedules(refund: RefundPolicy): readonly Schedule[] {
  return [aSchedule("fee", 8_000n, { refund, shares: SHARES }), aSchedule("cost", 6_000n, { refund })];
}
