import type { World } from "./explore.ts";

const QR = "alipay.qr";
const CODE = "alipay.code";

/** Each word of each source, for one order and one refund of the merchant's. */
const one = { methods: [], attemptsMax: 1, refundsMax: 1, words: "all" } as const;
const two = { methods: [QR, CODE], attemptsMax: 2, refundsMax: 0, words: "few" } as const;

/** What every test run explores: each world, and how many events far. */
export const NEAR: readonly (readonly [World, depth: number])[] = [
  [{ name: "a QR order with a refund", first: QR, bounds: one }, 12],
  [{ name: "a payment code", first: CODE, bounds: { ...one, refundsMax: 0, words: "few" } }, 12],
  [{ name: "a QR order with two refunds", first: QR, bounds: { ...one, refundsMax: 2, words: "few" } }, 6],
  [{ name: "a QR order and another", first: QR, bounds: two }, 6],
  [{ name: "an order at last", first: null, bounds: { ...two, attemptsMax: 1 } }, 8],
];

/** What `npm run interleavings` explores: every word in every world. */
export const FAR: readonly World[] = [
  { name: "a QR order with a refund", first: QR, bounds: one },
  { name: "a QR order with two refunds", first: QR, bounds: { ...one, refundsMax: 2 } },
  { name: "a payment code", first: CODE, bounds: { ...one, refundsMax: 0 } },
  { name: "a payment code with a refund", first: CODE, bounds: one },
  { name: "a QR order, another and a refund", first: QR, bounds: { ...two, refundsMax: 1, words: "all" } },
  {
    name: "a payment code, another and a refund",
    first: CODE,
    bounds: { ...two, refundsMax: 1, words: "all" },
  },
];
