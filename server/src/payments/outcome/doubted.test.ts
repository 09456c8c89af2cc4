import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SECOND } from "../../kernel/clock.ts";
import { startStory } from "../testing/story.ts";

describe("an order of which a notification tells another amount", () => {
  for (const first of ["closed", "told"] as const) {
    test(`is asked about although its close is answered, ${first} first`, () => {
      const story = startStory();
      story.trade("pay", { outcome: "pending" });
      story.advance(30 * SECOND);
      story.close("close");
      const tell = () => story.trade("notification", story.paid({ amount: 1n }));
      const close = () => story.trade("close", { outcome: "closed" });
      for (const step of first === "closed" ? [close, tell] : [tell, close]) step();
      const { state, dueAt } = story.attempt();
      assert.deepEqual([story.box.payment.status, state, dueAt], ["closed", "abandoned", story.now()]);
      assert.equal(story.trade("query", story.paid({ amount: 1n })), "surplus");
    });
  }
});
