import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { walletOf } from "./payment-codes.ts";

const digits = (prefix: string, length: number) => prefix.padEnd(length, "7");

describe("a payment code goes to the wallet that shows it", () => {
  const cases: readonly (readonly [title: string, code: string, channel: string | null])[] = [
    ...["10", "11", "12", "13", "14", "15"].map(
      (prefix) => [`WeChat's ${prefix}`, digits(prefix, 18), "wechat"] as const,
    ),
    ...["25", "26", "27", "28", "29", "30"].flatMap((prefix) =>
      [16, 18, 24].map(
        (length) => [`Alipay's ${prefix}, ${length}`, digits(prefix, length), "alipay"] as const,
      ),
    ),
    ["UnionPay's 62", digits("62", 19), "unionpay"],
    ["WeChat's prefix, a digit too few", digits("13", 17), null],
    ["WeChat's prefix, a digit too many", digits("13", 19), null],
    ["Alipay's prefix, a digit too few", digits("28", 15), null],
    ["Alipay's prefix, a digit too many", digits("28", 25), null],
    ["UnionPay's prefix, a digit too few", digits("62", 18), null],
    ["a prefix below WeChat's", digits("09", 18), null],
    ["a prefix above WeChat's", digits("16", 18), null],
    ["a prefix below Alipay's", digits("24", 18), null],
    ["a prefix above Alipay's", digits("32", 18), null],
    ["the digital RMB's 01", digits("01", 19), "ecny"],
    ["JD Pay's 18", digits("18", 18), "jd"],
    ["Baidu's 31", digits("31", 18), "baidu"],
    ["Bestpay's 51", digits("51", 18), "bestpay"],
    ["QQ's 91", digits("91", 18), "qq"],
    ["QQ's prefix, a digit too many", digits("91", 19), null],
    ["letters", "13456789012345678a", null],
    ["a space", " 134567890123456789", null],
    ["digits of another script", "1345678901234567８９", null],
    ["nothing", "", null],
  ];
  for (const [title, code, channel] of cases) {
    it(title, () => assert.equal(walletOf(code)?.channel ?? null, channel));
  }
});
