import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChannelAccount } from "../channels/index.ts";
import { chooseAccount } from "./index.ts";

const base: ChannelAccount = {
  id: "00000000-0000-7000-8000-000000000001",
  merchantId: "00000000-0000-7000-8000-00000000000a",
  channel: "alipay",
  label: "first",
  gatewayUrl: "https://channel.example/gateway.do",
  mode: "direct",
  methods: ["alipay.qr", "alipay.page"],
  currencies: ["CNY"],
  amountMin: 1n,
  amountMax: 1_000n,
  orderLifetimeSeconds: 3_600,
  refundWindowDays: 365,
  refundPartsMax: null,
  refundSpacingSeconds: 0,
  callsPerSecond: 10,
  timeoutMs: 5_000,
  proxyUrl: null,
  connectionsMax: 128,
  connectTimeoutMs: 10_000,
  callsInFlightMax: 16,
  cancelCutoff: null,
  costRateMillionths: 3_800n,
  costReturnedOnRefund: true,
  feeReturnedOnRefund: true,
  costSettlement: "net",
  settledBy: "channel",
  fundFlow: "through_platform",
  settlementDays: 1,
  status: "active",
  verification: "waived",
  verifiedAt: null,
  revision: 1,
  credentialVersion: 1,
  createdAt: new Date("2026-01-02T00:00:00Z"),
  updatedAt: new Date("2026-01-02T00:00:00Z"),
};
const order = { method: "alipay.qr", currency: "CNY", amount: 100n };
const older = { ...base, id: "older", createdAt: new Date("2026-01-01T00:00:00Z") };

describe("choosing an account", () => {
  it("takes the oldest active account that serves the order, in whatever order they come", () => {
    assert.deepEqual(chooseAccount([base, older], order), { chosen: older });
    assert.deepEqual(chooseAccount([older, base], order), { chosen: older });
    const twin = { ...base, id: "00000000-0000-7000-8000-000000000000" };
    assert.deepEqual(chooseAccount([base, twin], order), { chosen: twin });
  });

  it("passes over drafts, disabled accounts and those whose limits the amount breaks", () => {
    const candidates = [
      { ...older, status: "draft" },
      { ...older, status: "disabled" },
      { ...older, amountMax: 99n },
      { ...older, methods: ["alipay.page"] },
      base,
    ] as const;
    assert.deepEqual(chooseAccount(candidates, order), { chosen: base });
  });

  it("names the methods that are available instead, of active accounts only", () => {
    const disabled: ChannelAccount = { ...base, status: "disabled", methods: ["alipay.app"] };
    assert.deepEqual(chooseAccount([base, disabled], { ...order, method: "card" }), {
      refused: "method_not_available",
      available: ["alipay.page", "alipay.qr"],
    });
    assert.deepEqual(chooseAccount([], order), { refused: "method_not_available", available: [] });
  });

  it("names the currencies and the widest limits of the accounts that serve the method", () => {
    const dollars = { ...base, currencies: ["USD"], amountMax: 9_000n };
    assert.deepEqual(chooseAccount([base, dollars], { ...order, currency: "EUR" }), {
      refused: "currency_not_supported",
      supported: ["CNY", "USD"],
    });
    const high = { ...base, amountMin: 5_000n, amountMax: 6_000n };
    assert.deepEqual(chooseAccount([base, high, dollars], { ...order, amount: 2_000n }), {
      refused: "amount_out_of_range",
      amountMin: 1n,
      amountMax: 6_000n,
    });
  });

  it("takes both limits themselves", () => {
    for (const amount of [1n, 1_000n]) {
      assert.deepEqual(chooseAccount([base], { ...order, amount }), { chosen: base });
    }
  });
});
