import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PAYOUT_STATES, type Payout, type PayoutState, REPORT_OUTCOMES } from "../model.ts";
import { decideReport } from "./decide.ts";

const told = { reference: "E1", amount: null, currency: null };
const payout = (state: PayoutState, more: Partial<Payout> = {}): Payout =>
  ({
    state,
    amount: 100n,
    currency: "CNY",
    acceptedAt: null,
    paidEntry: null,
    returnedEntry: null,
    ...more,
  }) as Payout;

test("what a bank's statement shows is booked, whatever the bank said before", () => {
  assert.deepEqual(decideReport(payout("rejected"), "paid", told), {
    verdict: "contradiction",
    state: "succeeded",
    bookings: ["drawn_again", "confirmed"],
    isBooked: true,
  });
  assert.deepEqual(decideReport(payout("unknown"), "returned", told), {
    verdict: "applied",
    state: "returned",
    bookings: ["confirmed", "returned"],
    isBooked: true,
  });
});

test("a bank's answer never takes back what its statement has shown", () => {
  for (const state of ["succeeded", "returned"] as const) {
    assert.deepEqual(decideReport(payout(state), "rejected", told), {
      verdict: "contradiction",
      state,
      bookings: [],
      isBooked: false,
    });
  }
});

test("an entry of another amount is nobody's payout, and kept", () => {
  const decision = decideReport(payout("sent"), "paid", { ...told, amount: 99n });
  assert.deepEqual(decision, { verdict: "contradiction", state: "sent", bookings: [], isBooked: false });
});

test("a second entry for the same payout is other money, and not taken for the first", () => {
  const done = payout("succeeded", { paidEntry: "E1" });
  assert.deepEqual(decideReport(done, "paid", told).isBooked, true);
  for (const [before, outcome] of [
    [done, "paid"],
    [payout("returned", { paidEntry: "E1", returnedEntry: "E3" }), "paid"],
    [payout("returned", { paidEntry: "E1", returnedEntry: "E3" }), "returned"],
  ] as const) {
    const { verdict, bookings, isBooked } = decideReport(before, outcome, { ...told, reference: "E2" });
    assert.deepEqual([verdict, bookings, isBooked], ["contradiction", [], false]);
  }
});

test("in whatever order words come, each cent is booked at most once on either way", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...REPORT_OUTCOMES), { maxLength: 12 }), (outcomes) => {
      let now = payout("sent");
      let clearing = 100n;
      let gone = 0n;
      for (const outcome of outcomes) {
        const decision = decideReport(now, outcome, told);
        for (const booking of decision.bookings) {
          if (booking === "rejected") clearing -= 100n;
          if (booking === "drawn_again") clearing += 100n;
          if (booking === "confirmed") [clearing, gone] = [clearing - 100n, gone + 100n];
          if (booking === "returned") gone -= 100n;
        }
        now = payout(decision.state);
        const open = decision.state === "sent" || decision.state === "unknown";
        assert.equal(clearing, open ? 100n : 0n);
        assert.equal(gone, decision.state === "succeeded" ? 100n : 0n);
      }
    }),
  );
});

test("no word moves a payout that nobody has instructed", () => {
  for (const state of PAYOUT_STATES.slice(0, 2)) {
    for (const outcome of REPORT_OUTCOMES) {
      assert.deepEqual(decideReport(payout(state), outcome, told).bookings, []);
    }
  }
});
