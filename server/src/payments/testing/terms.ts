import { type Channel, type ChannelAccount, createAlipay } from "../../channels/index.ts";
import { systemClock, systemRandom } from "../../kernel/clock.ts";
import { createIdMaker, type Id } from "../../kernel/ids.ts";
import type { Merchant } from "../../merchants/index.ts";

export const newId = createIdMaker({ clock: systemClock, random: systemRandom }, 0);

/** Alipay as the door sees it: its traits. Nothing is ever sent. */
export const alipay: Pick<Channel, "traits"> = createAlipay({
  clock: systemClock,
  random: systemRandom,
  http: {
    request: () => {
      throw new Error("a pure test sends nothing");
    },
  },
});

const madeAt = new Date("2026-11-01T00:00:00Z");

/** A merchant that pays 0.8 %. */
export function aMerchant(changes: Partial<Merchant> = {}): Merchant {
  return {
    id: newId(),
    name: "Tea House",
    legalName: "Tea House Co., Ltd.",
    status: "active",
    feeRateMillionths: 8_000n,
    currencies: [{ currency: "CNY", creditLine: 0n }],
    revision: 1,
    createdAt: madeAt,
    updatedAt: madeAt,
    ...changes,
  };
}

/** An Alipay contract that costs 0.6 %, and gives cost and fee back with a refund. */
export function anAccount(merchantId: Id, changes: Partial<ChannelAccount> = {}): ChannelAccount {
  return {
    id: newId(),
    merchantId,
    channel: "alipay",
    status: "active",
    verification: "waived",
    verifiedAt: null,
    counterpartRevision: 1,
    revision: 1,
    credentialVersion: 1,
    createdAt: madeAt,
    updatedAt: madeAt,
    label: "Alipay",
    gatewayUrl: "http://127.0.0.1:1/gateway.do",
    mode: "direct",
    methods: Object.keys(alipay.traits.scenes),
    currencies: ["CNY"],
    amountMin: 1n,
    amountMax: 10_000_000_000n,
    orderLifetimeSeconds: 7_200,
    refundWindowDays: 365,
    refundPartsMax: null,
    refundSpacingSeconds: 0,
    callsPerSecond: 50,
    timeoutMs: 10_000,
    proxyUrl: null,
    connectionsMax: 128,
    connectTimeoutMs: 10_000,
    callsInFlightMax: 16,
    cancelCutoff: null,
    costRateMillionths: 6_000n,
    costReturnedOnRefund: true,
    feeReturnedOnRefund: true,
    costSettlement: "net",
    settledBy: "channel",
    fundFlow: "through_platform",
    settlementDays: 1,
    ...changes,
  };
}
