import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { describeCallEnds } from "./call-ends.ts";
import type { Harness } from "./harness.ts";
import { describeNotifications } from "./notifications.ts";
import { describePaymentCodes } from "./payment-codes.ts";
import { describeRefunds } from "./refunds.ts";
import { describeScenes, describeTraits } from "./scenes.ts";
import { describeSharing } from "./sharing.ts";
import { answerOf, openStage, type Stage } from "./stage.ts";
import { describeStatements } from "./statements.ts";

/**
 * The tests that every channel must pass, against its simulator over real HTTP. A new channel supplies a
 * harness and nothing else. Call it at the top of a `*.test.ts`.
 */
export function describeChannelContract(harness: Harness): void {
  describe(`${harness.name} keeps the channel contract`, () => {
    describe("traits", () => describeTraits(harness));
    chapter("keys", harness, (stage) => describeKeys(harness, stage));
    chapter("scenes", harness, (stage) => describeScenes(harness, stage));
    chapter("payment codes", harness, (stage) => describePaymentCodes(harness, stage));
    chapter("refunds", harness, (stage) => describeRefunds(harness, stage));
    chapter("sharing", harness, (stage) => describeSharing(harness, stage));
    chapter("call ends", harness, (stage) => describeCallEnds(harness, stage));
    chapter("notifications", harness, (stage) => describeNotifications(harness, stage));
    chapter("statements", harness, (stage) => describeStatements(harness, stage));
  });
}

/** One chapter with an environment of its own, and no secret in anything that its calls recorded. */
function chapter(title: string, harness: Harness, describeChapter: (stage: () => Stage) => void): void {
  describe(title, () => {
    let stage: Stage;
    before(async () => {
      stage = await openStage(harness);
    });
    after(() => stage.close());
    describeChapter(() => stage);

    it("no key, token or signature stands in what its calls recorded", () => {
      for (const exchange of stage.exchanges) {
        const text = `${exchange.request}\n${exchange.response}`;
        for (const secret of stage.secrets) assert.ok(!text.includes(secret), exchange.operation);
      }
    });
  });
}

function describeKeys(harness: Harness, stage: () => Stage): void {
  const signsAnswers = harness.signsAnswers ?? true;
  it("the right pair is proved by one signed query", async () => {
    const { channel, context } = stage();
    const proof = answerOf(await channel.prove(context));
    assert.equal(proof.proved, true);
    // A rotation is told from a change of the merchant by this alone.
    assert.notEqual(channel.merchantOf(context.credentials) ?? proof.merchant ?? null, null);
  });

  it("a key unknown to the channel, a platform key not its own, another app: none is proved", async () => {
    const { platformKey, ...others } = stage().wrong;
    for (const context of [...Object.values(others), ...(signsAnswers ? [platformKey] : [])]) {
      assert.notEqual((await stage().channel.prove(context)).end, "answered");
    }
  });

  if (signsAnswers) {
    it("an answer that a wrong platform key can't verify is unknown, whatever it says", async () => {
      const { channel, newOrder, wrong } = stage();
      const [method = ""] = Object.keys(channel.traits.scenes);
      assert.equal((await channel.query(wrong.platformKey, newOrder(method))).end, "unknown");
    });
  }

  it("credentials that work are read, and faults name their field and the remedy", () => {
    const { channel, credentials } = stage();
    assert.ok(channel.parseCredentials(credentials).ok);
    for (const raw of [null, [], "text", {}, { ...credentials, unknown_field: "x" }]) {
      const parsed = channel.parseCredentials(raw);
      assert.ok(!parsed.ok && parsed.faults.length > 0);
      for (const { field, detail } of parsed.faults) assert.ok(field !== "" && detail !== "");
    }
  });
}
