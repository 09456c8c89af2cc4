/**
 * Whose payment code (付款码) it is that a shop scanned, told by its digits alone. A code of no rule is
 * nobody's: a wrong guess would charge it at a wallet that does not know it.
 */

export type Wallet = {
  /** The name of the channel that charges it. */
  readonly channel: string;
  readonly displayName: string;
};

type Rule = Wallet & {
  /** The first two digits, from and to. */
  readonly prefix: readonly [from: number, to: number];
  /** How many digits in all, from and to. */
  readonly digits: readonly [min: number, max: number];
};

/** No two rules share a prefix. Wallets have taken further ones before, so they stand here as data. */
const RULES: readonly Rule[] = [
  { channel: "wechat", displayName: "WeChat Pay", prefix: [10, 15], digits: [18, 18] },
  { channel: "alipay", displayName: "Alipay", prefix: [25, 30], digits: [16, 24] },
  { channel: "unionpay", displayName: "UnionPay", prefix: [62, 62], digits: [19, 19] },
  // No channel of these names charges them here: a till is told whose code it is, and that it is not taken.
  { channel: "ecny", displayName: "the digital RMB", prefix: [1, 1], digits: [19, 19] },
  { channel: "jd", displayName: "JD Pay", prefix: [18, 18], digits: [18, 18] },
  { channel: "baidu", displayName: "Baidu Wallet", prefix: [31, 31], digits: [18, 18] },
  { channel: "bestpay", displayName: "Bestpay", prefix: [51, 51], digits: [18, 18] },
  { channel: "qq", displayName: "QQ Wallet", prefix: [91, 91], digits: [18, 18] },
];

/** The wallet that shows such codes; null: none that is known. */
export function walletOf(paymentCode: string): Wallet | null {
  if (!/^[0-9]+$/.test(paymentCode)) return null;
  const prefix = Number(paymentCode.slice(0, 2));
  const found = RULES.find(
    (rule) =>
      prefix >= rule.prefix[0] &&
      prefix <= rule.prefix[1] &&
      paymentCode.length >= rule.digits[0] &&
      paymentCode.length <= rule.digits[1],
  );
  return found === undefined ? null : { channel: found.channel, displayName: found.displayName };
}
