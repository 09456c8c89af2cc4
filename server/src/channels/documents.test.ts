import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ALIPAY_TRAITS } from "./alipay/traits.ts";
import { STRIPE_TRAITS } from "./stripe/traits.ts";
import { UNIONPAY_TRAITS } from "./unionpay/traits.ts";
import { WECHAT_TRAITS } from "./wechat/traits.ts";

test("docs/integrate.md says of every method what to do with it, and names no other", () => {
  const page = readFileSync(new URL("../../../docs/integrate.md", import.meta.url), "utf8");
  const table = /^\| `method` \|.*\n((?:\|.*\n)+)/m.exec(page)?.[1] ?? "";
  const cells = table.split("\n").map((row) => row.split("|")[1] ?? "");
  const named = cells.flatMap((cell) =>
    [...cell.matchAll(/`([a-z]+(?:\.[a-z0-9]+)?)`/g)].map((found) => found[1]),
  );
  const channels = [ALIPAY_TRAITS, WECHAT_TRAITS, UNIONPAY_TRAITS, STRIPE_TRAITS];
  const methods = channels.flatMap(({ scenes }) => Object.keys(scenes));
  const fields = new Set(["buyer", "buyer_ip", "payment_code", "method"]);
  assert.deepEqual(new Set(named.filter((name) => !fields.has(name ?? ""))), new Set(methods));
});
