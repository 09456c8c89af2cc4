/** Shops whose fees are shared with partners, on a platform under test. */
import assert from "node:assert/strict";
import type { Json, TestPlatform } from "../../../../tools/testing/platform.ts";
import { daysOn } from "../../dayclose/testing/days.ts";
import { type FeeOffice, openFeeOffice, plainTerms } from "../../fees/testing.ts";
import { openShop, type Shop } from "../../payments/testing/shop.ts";
import type { Office } from "./office.ts";

export const AGENT = "agent:li";
export const AGENT_NAME = "Li Agency Co., Ltd.";

export type Earning = {
  /** A shop that pays a fee of 1 %, half of it the agent's and a quarter the provider's. */
  shop(): Promise<Shop>;
  /** A payment that succeeds. */
  paid(shop: Shop, amount: number): Promise<Json>;
  refund(shop: Shop, payment: Json, amount: number): Promise<void>;
  /** The day is over: what was earned is owed. */
  nextDay(): Promise<string>;
  /** Registers a party by its name, and verifies a bank account of it. */
  partner(party: string, name: string, number?: string): Promise<void>;
  pay(party: string, wanted?: Record<string, unknown>): ReturnType<TestPlatform["ops"]>;
  /** What a party is owed in CNY, by merchant. */
  owed(party: string): Promise<Record<string, number>>;
  balance(shop: Shop, code: string): Promise<number>;
};

let numbers = 0;

/** @param hired the two people of fees, where they are there already */
export async function openEarning(
  platform: TestPlatform,
  office: Office,
  hired?: FeeOffice,
): Promise<Earning> {
  const fees = hired ?? (await openFeeOffice(platform));
  const days = daysOn(() => platform);
  const earning: Earning = {
    shop: async () => {
      const shop = await openShop(platform, { fee_returned_on_refund: true, cost_returned_on_refund: true });
      const shares = [
        { party: AGENT, rate_millionths: 500_000 },
        { party: "provider", rate_millionths: 250_000 },
      ];
      await fees.set("fee", {
        merchant_id: shop.id,
        method: null,
        currency: "CNY",
        effective_from: days.today(),
        terms: plainTerms(10_000, { shares }),
      });
      return shop;
    },
    paid: async (shop, amount) => {
      numbers += 1;
      const wanted = { merchant_order_no: `E${numbers}`, amount, currency: "CNY", subject: "Tea" };
      const made = await shop.api("POST", "/v1/payments", { ...wanted, method: "alipay.qr" });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      assert.equal((await platform.payCode(made.body.next_action.qr_code)).status, 200);
      for (let tries = 0; tries < 300; tries += 1) {
        const { body } = await shop.api("GET", `/v1/payments/${made.body.id}`);
        if (body.status === "succeeded") return body;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return assert.fail("it was never paid");
    },
    refund: async (shop, payment, amount) => {
      numbers += 1;
      const wanted = { merchant_refund_no: `ER${numbers}`, amount };
      const made = await shop.api("POST", `/v1/payments/${payment.id}/refunds`, wanted);
      assert.deepEqual([made.status, made.body.state], [201, "accepted"], JSON.stringify(made.body));
    },
    nextDay: () => days.next(),
    partner: async (party, name, number = "6222020000000007001") => {
      const path = `/v1/ops/partners/${party}`;
      await office.approved(await platform.ops("PUT", path, { name }));
      const account = { currency: "CNY", holder_name: name, number, bank_code: "102100099996" };
      const { status, body } = await platform.ops("POST", `${path}/bank_accounts`, account);
      assert.equal(status, 201, JSON.stringify(body));
      const evidence = { evidence: "Contract with the agency, annex 3" };
      await office.approved(await platform.ops("POST", `/v1/ops/bank_accounts/${body.id}/verify`, evidence));
    },
    pay: (party, wanted = {}) => {
      numbers += 1;
      const body = { payout_no: `PP-${numbers}`, currency: "CNY", ...wanted };
      return platform.ops("POST", `/v1/ops/partners/${party}/payouts`, body);
    },
    owed: async (party) => {
      const { body } = await platform.ops("GET", `/v1/ops/partners/${party}/dues?currency=CNY&limit=100`);
      return Object.fromEntries(body.data.map((row: Json) => [row.merchant, row.owed]));
    },
    balance: async (shop, code) => {
      const query = `merchant_id=${shop.id}&code=${code}&limit=100`;
      const { body } = await platform.ops("GET", `/v1/ops/accounts?${query}`);
      return body.data.reduce((sum: number, account: Json) => sum + account.natural_balance, 0);
    },
  };
  return earning;
}
