/** Stripe's balance transactions, as a statement of trades and as what is told of payouts. */
import assert from "node:assert/strict";
import { StatementFault, type ToldMoney } from "../../channels/index.ts";
import { readStatement as readStripe } from "../../channels/stripe/movements.ts";
import { readPayouts } from "../../channels/stripe/payouts.ts";
import type { Chance } from "./chance.ts";
import type { Format, Told } from "./format.ts";
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

/** Movements among which money goes to the bank, and comes back from there. */
function payoutSample(chance: Chance): string {
  const rows = Array.from({ length: rowsOf(chance) }, (_, index) => {
    const type = chance.pick(["payout", "payout", "payout_failure", "payout_cancel"]);
    const amount = (1 + chance.upTo(900_000)) * (type === "payout" ? -1 : 1);
    const fee = chance.upTo(3) === 0 ? 1 + chance.upTo(500) : 0;
    const source = { id: `po_${digits(chance, 12)}`, object: "payout", automatic: chance.upTo(2) === 0 };
    const created = 1_795_000_000 + index * 600;
    const head = { amount, available_on: created, created, currency: "usd", fee, net: amount - fee };
    return JSON.stringify({ ...head, object: "balance_transaction", source, type });
  });
  return stripeSample(chance) + rows.map((row) => `${row}\n`).join("");
}

/** What is told of payouts; what else moved is no line, and is held against the nets of its lines here. */
function payouts(read: ToldMoney | StatementFault, original: Buffer): readonly Told[] | StatementFault {
  if (read instanceof StatementFault) return read;
  const nets = fromUtf8(original)
    .split("\n")
    .filter((text) => text.trim() !== "" && !isPayout(text))
    .map((text) => JSON.parse(text) as { currency: string; net: number })
    .filter(({ currency }) => currency.toLowerCase() === "usd");
  const sum = nets.reduce((all, { net }) => all + net, 0);
  assert.equal(Number(read.moved.find(({ currency }) => currency === "USD")?.millionths ?? 0n), sum * 10_000);
  const went = read.payouts.map(({ line, payoutNo, amount }) => ({
    line,
    texts: [payoutNo],
    amounts: [amount],
  }));
  const cameBack = read.cameBack.map(({ line, payoutNo }) => ({ line, texts: [payoutNo], amounts: [] }));
  return [...went, ...cameBack];
}

/** A type that nobody knows is a line of no order; what is in no currency of ours, or nothing, is none. */
function isLine(text: string): boolean {
  const [, currency] = /"currency"\s*:\s*"([^"]*)"/.exec(text) ?? [];
  const isNought = (figure: string) => new RegExp(`"${figure}"\\s*:\\s*-?0\\s*,`).test(text);
  return currency?.toLowerCase() === "usd" && !(isNought("amount") && isNought("fee"));
}

/** The movement's own kind ends its line: within what moved the same word says nothing. */
function isPayout(text: string): boolean {
  const [, type = ""] = /"type"\s*:\s*"([^"]*)"\s*}\s*$/.exec(text) ?? [];
  return /"currency"\s*:\s*"usd"/i.test(text) && ["payout", "payout_failure", "payout_cancel"].includes(type);
}

const stripeOf = { holder: { account_id: "acct_1" }, channelDate: "2026-11-18" };

const asStripeWrites = {
  encode: utf8,
  decode: fromUtf8,
  pack: (content: Buffer) => content,
  cells: (line: string) => (line.match(/"[^"]*"|-?\d+/g) ?? []).map((cell) => cell.replaceAll('"', "")),
  minorPerUnit: 100,
  keepsBlanks: true,
};

export const stripeFormats: readonly Format[] = [
  {
    ...asStripeWrites,
    name: "stripe movements",
    sample: stripeSample,
    read: async (original) => trades(await readStripe(stripeOf, original)),
    count: (text) => text.split("\n").filter(isLine).length,
  },
  {
    ...asStripeWrites,
    name: "stripe payouts",
    sample: payoutSample,
    read: async (original) => payouts(await readPayouts(stripeOf, original), original),
    count: (text) => text.split("\n").filter(isPayout).length,
  },
];
