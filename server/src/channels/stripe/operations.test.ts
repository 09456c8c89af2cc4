import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemRandom } from "../../kernel/clock.ts";
import type { ChannelContext } from "../port.ts";
import { createStripe } from "./index.ts";
import {
  answer,
  contextOf,
  failure,
  list,
  NOW,
  newOrder,
  newRefund,
  type Returned,
  session,
} from "./testing.ts";

const others = session({ metadata: {}, client_reference_id: "another" });
const page = answer(200, list([others], true));
const lack = answer(400, failure("invalid_request_error", "balance_insufficient"), {
  "idempotent-replayed": "true",
});

/**
 * Stripe that always has one more page, or one more turn; each call takes `tookMs`. `calls`: how many more of
 * the account's there are, and one more for each time that somebody waits.
 */
function endless(returned: Returned, { tookMs = 0, calls = Number.POSITIVE_INFINITY } = {}) {
  let at = NOW.getTime();
  const seen = { sent: 0, taken: 0, waited: 0, longestMs: 0 };
  let left = calls;
  const channel = createStripe({
    random: systemRandom,
    clock: {
      now: () => new Date(at),
      after: () => () => {},
      sleep: async (ms) => {
        at += ms;
        seen.waited += 1;
        left += 1;
      },
    },
    http: {
      request: async ({ timeoutMs }) => {
        seen.sent += 1;
        at += Math.min(tookMs, timeoutMs);
        seen.longestMs = at - NOW.getTime();
        return returned;
      },
    },
  });
  const takeAnother = async () => {
    if (left < 1) return false;
    left -= 1;
    seen.taken += 1;
    return true;
  };
  const context: ChannelContext = { ...contextOf(channel), timeoutMs: 10_000, takeAnother };
  return { channel, context, seen };
}

describe("an operation of many calls", () => {
  const operations = {
    "an order that is looked for": {
      returned: page,
      run: ({ channel, context }: ReturnType<typeof endless>) => channel.query(context, newOrder()),
    },
    "a refund whose lack is remembered": {
      returned: lack,
      run: ({ channel, context }: ReturnType<typeof endless>) =>
        channel.refund(context, newRefund({ order: newOrder({ channelTradeNo: "pi_1" }) })),
    },
  };
  for (const [title, { returned, run }] of Object.entries(operations)) {
    it(`${title} takes each call after the first of the account's calls per second`, async () => {
      const stripe = endless(returned);
      await run(stripe);
      assert.ok(stripe.seen.sent >= 20);
      assert.equal(stripe.seen.taken, stripe.seen.sent - 1);
    });

    it(`${title} goes no further where they are spent, which is no fault of Stripe's`, async () => {
      const stripe = endless(returned, { calls: 3 });
      const call = await run(stripe);
      assert.ok(call.end === "not_sent" && call.isRateRefusal === true);
      assert.deepEqual([stripe.seen.sent, stripe.seen.waited], [4, 0]);
    });

    it(`${title} ends before the lease of thirty seconds does, however slow Stripe is`, async () => {
      for (const tookMs of [1_000, 4_900, 9_999, 60_000]) {
        const stripe = endless(returned, { tookMs });
        const call = await run(stripe);
        assert.equal(call.end, "not_sent");
        assert.ok(stripe.seen.longestMs <= 25_000, `${stripe.seen.longestMs} ms`);
      }
    });
  }

  it("a statement waits for the calls of its pages, and never longer than five minutes", async () => {
    const spent = endless(page, { calls: 2 });
    const call = await spent.channel.downloadStatement(spent.context, "2026-11-20");
    assert.equal(call.end, "unknown");
    assert.ok(spent.seen.sent > 100 && spent.seen.waited > 100);
    assert.ok(spent.seen.longestMs <= 5 * 60_000);
    const slow = endless(page, { tookMs: 59_000 });
    await slow.channel.downloadStatement(slow.context, "2026-11-20");
    assert.ok(slow.seen.longestMs <= 5 * 60_000, `${slow.seen.longestMs} ms`);
  });
});
