import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { startSandbox } from "../index.ts";
import { type StripeBench, startStripeBench } from "../testing/stripe.ts";
import { until } from "../testing/until.ts";

let database: TestDatabase;
let bench: StripeBench;

before(async () => {
  database = await createTestDatabase();
  bench = await startStripeBench({ store: { kind: "postgres", url: database.url } });
});
after(async () => {
  await bench.stop();
  await database.drop();
});

void describe("Stripe on PostgreSQL", () => {
  test("never refunds too much in twenty calls at the same moment, nor twice for one key", async () => {
    const { id } = await bench.paid("RACE001");
    const refund = (idempotencyKey: string) =>
      bench.sdk.refunds.create({ payment_intent: id, amount: 100 }, { idempotencyKey }).catch(() => null);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => refund(`RACE${index}`)));
    assert.equal(answers.filter((answer) => answer !== null).length, 12);
    const other = await bench.paid("RACE002");
    const same = () =>
      bench.sdk.refunds
        .create({ payment_intent: other.id, amount: 100 }, { idempotencyKey: "ONE" })
        .catch(() => null);
    await Promise.all(Array.from({ length: 10 }, same));
    const { data } = await bench.sdk.refunds.list({ payment_intent: other.id });
    assert.equal(data.length, 1);
  });

  test("keeps accounts, payments, keys and untold events over a stop and a start", async () => {
    bench.answerWith(500);
    const intent = await bench.paid("KEEP001");
    const asked = { payment_intent: intent.id, amount: 34 };
    const options = { idempotencyKey: "KEEP001-1" };
    const refund = await bench.sdk.refunds.create(asked, options);
    await bench.hear("payment_intent.succeeded", 1, ({ id }) => id === intent.id);
    const port = Number(new URL(bench.url).port);
    await bench.stopSandbox();
    const again = await startSandbox({
      port,
      host: "127.0.0.1",
      store: { kind: "postgres", url: database.url },
    });
    try {
      const expand = ["latest_charge.balance_transaction"];
      assert.deepEqual(
        { ...(await bench.sdk.paymentIntents.retrieve(intent.id, { expand })) }.amount_received,
        1234,
      );
      assert.equal((await bench.sdk.refunds.create(asked, options)).id, refund.id);
      await until(
        "the refund arrived",
        async () => (await bench.sdk.refunds.retrieve(refund.id)).status === "succeeded",
      );
      bench.answerWith(200);
      const told = async () => {
        const { data } = await bench.get("/stripe/notifications?out_trade_no=KEEP001");
        type Shown = { id: string; state: string; params: { event_type: string } };
        return (data as Shown[]).find(({ params }) => params.event_type === "payment_intent.succeeded")!;
      };
      assert.equal((await told()).state, "pending");
      await bench.post(`/stripe/notifications/${(await told()).id}/resend`);
      await until("KEEP001 acknowledged", async () => (await told()).state === "acknowledged");
    } finally {
      await again.stop();
    }
  });
});
