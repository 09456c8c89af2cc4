import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { DAY } from "../../kernel/clock.ts";
import { contextOf, INPUT, NOW, newOrder, scripted } from "./testing.ts";
import { refuseOrder } from "./validation.ts";

const { channel } = scripted([]);

describe("orders that Stripe can't take", () => {
  const table: [changes: Parameters<typeof newOrder>[0], field: string | null][] = [
    [{}, null],
    [{ method: "stripe.card_app" }, null],
    [{ method: "stripe.cash" }, "method"],
    [{ currency: "XTS" }, "currency"],
    [{ amount: 49n }, "amount"],
    [{ amount: 50n }, null],
    [{ amount: 399n, currency: "HKD" }, "amount"],
    [{ amount: 49n, currency: "JPY" }, "amount"],
    [{ amount: 1n, currency: "CNY" }, null],
    [{ amount: 0n, currency: "CNY" }, "amount"],
    [{ amount: 100_000_000n }, "amount"],
    [{ subject: " " }, "subject"],
    [{ subject: "x".repeat(251) }, "subject"],
    [{ paymentCode: "280000000000000000" }, "payment_code"],
    [{ returnUrl: null }, "return_url"],
    [{ returnUrl: null, method: "stripe.card_app" }, null],
    [{ expiresAt: new Date(NOW.getTime() + DAY + 1) }, "expires_in"],
    [{ expiresAt: new Date(NOW.getTime() + DAY + 1), method: "stripe.card_app" }, null],
  ];
  for (const [changes, field] of table) {
    it(`${inspect(changes).slice(0, 60)}: ${field}`, () => {
      assert.equal(refuseOrder(newOrder(changes))?.field ?? null, field);
    });
  }

  it("a currency that the account does not settle in is refused where the account is known", () => {
    const context = contextOf(channel, { ...INPUT, currencies: ["EUR"] });
    assert.equal(refuseOrder(newOrder(), context)?.field, "currency");
    assert.equal(refuseOrder(newOrder({ currency: "EUR" }), context), null);
  });
});
