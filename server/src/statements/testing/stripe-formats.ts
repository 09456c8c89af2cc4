/** Stripe's balance transactions. */
import { readStatement as readStripe } from "../../channels/stripe/movements.ts";
import type { Chance } from "./chance.ts";
import type { Format } from "./format.ts";
import { digits, fromUtf8, rowsOf, trades, utf8 } from "./format-parts.ts";

function stripeSample(chance: Chance): string {
  const rows = Array.from({ length: rowsOf(chance) }, (_, index) => {
    const isRefund = chance.upTo(3) === 0;
    const isOwn = chance.upTo(4) === 0;
    const amount = (1 + chance.upTo(90_000)) * (isRefund ? -1 : 1);
    const fee = isRefund ? 0 : 30 + chance.upTo(500);
    const created = 1_795_000_000 + index * 600;
    const source = {
      id: `${isRefund ? "re" : "ch"}_${digits(chance, 12)}`,
      object: isRefund ? "refund" : "charge",
      currency: "usd",
      created,
      description: "Tea",
      payment_intent: `pi_${digits(chance, 14)}`,
      metadata: {
        channel_order_no: `att${digits(chance, 26)}`,
        ...(isRefund ? { channel_refund_no: `rfd${digits(chance, 26)}` } : {}),
      },
    };
    const type = isOwn ? "stripe_fee" : isRefund ? "refund" : "charge";
    const head = {
      amount,
      created,
      currency: "usd",
      fee,
      id: `txn_${digits(chance, 12)}`,
      net: amount - fee,
    };
    return JSON.stringify({ ...head, object: "balance_transaction", source: isOwn ? null : source, type });
  });
  return rows.map((row) => `${row}\n`).join("");
}

/** A type that nobody knows is a line of no order; what is in no currency of ours, or nothing, is none. */
function isLine(text: string): boolean {
  const [, currency] = /"currency":"([^"]*)"/.exec(text) ?? [];
  return currency?.toLowerCase() === "usd" && !(/"amount":-?0,/.test(text) && /"fee":-?0,/.test(text));
}

const stripeOf = { holder: { account_id: "acct_1" }, channelDate: "2026-11-18" };

export const stripeFormats: readonly Format[] = [
  {
    name: "stripe movements",
    sample: stripeSample,
    encode: utf8,
    decode: fromUtf8,
    pack: (content) => content,
    read: async (original) => trades(await readStripe(stripeOf, original)),
    count: (text) => text.split("\n").filter(isLine).length,
    cells: (line: string) => line.split(/[",:{}]/),
    minorPerUnit: 100,
  },
];
