import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { silentLog } from "../../server/src/kernel/log.ts";
import {
  type EmbeddedPostgres,
  ensureDatabase,
  startEmbeddedPostgres,
} from "../../server/src/kernel/postgres/supervisor.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { codeStory, qrStory } from "./story.ts";
import { killPostgres, type Lane, openLane, type Victim, walk } from "./walk.ts";

const LANES = 3;

let dataDir = "";
let postgres: EmbeddedPostgres | null = null;
let databases: TestDatabase[] = [];
let lanes: Lane[] = [];

before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "tributary-test-"));
  postgres = await startEmbeddedPostgres({ dataDir, durable: false, log: silentLog() });
  databases = await Promise.all(Array.from({ length: LANES }, () => createTestDatabase()));
});

after(async () => {
  await Promise.all(lanes.map((lane) => lane.stop()));
  await Promise.all(databases.map((database) => database.drop()));
  await postgres?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function serverLanes(): Promise<readonly Lane[]> {
  const opened = await Promise.all(
    databases.map(({ url }) => openLane({ databaseUrl: url, victim: "server" })),
  );
  lanes.push(...opened);
  return opened;
}

/** Its PostgreSQL may be killed, so it is no other test's. */
async function postgresLane(victim: Victim, name: string): Promise<Lane> {
  const databaseUrl = await ensureDatabase(postgres?.url("postgres") ?? "", name);
  const lane = await openLane({ databaseUrl, victim, killPostgres: () => killPostgres(dataDir) });
  lanes.push(lane);
  return lane;
}

async function close(opened: readonly Lane[]): Promise<void> {
  lanes = lanes.filter((lane) => !opened.includes(lane));
  await Promise.all(opened.map((lane) => lane.stop()));
}

/** A proxy that understood nothing would see no steps, and a walk over none proves nothing. */
function assertComplete(steps: readonly string[], name: string): void {
  const calls = name === "qr" ? ["precreate", "refund", "fastpay.refund.query"] : ["pay"];
  for (const moment of ["before", "after"]) {
    for (const call of calls) assert.ok(steps.includes(`${moment} channel call alipay.trade.${call}`));
    const created = steps.filter((step) =>
      step.startsWith(`${moment} commit of attempts_insert, payments_insert`),
    );
    // A payment code is marked as used in the same transaction.
    const more = name === "qr" ? /payments_insert$/ : /payments_insert, .*codes/;
    assert.ok(
      created.some((step) => more.test(step)),
      created.join("\n"),
    );
    assert.ok(steps.includes(`${moment} notification TRADE_SUCCESS`));
    assert.ok(steps.includes(`${moment} webhook payment.succeeded`));
    assert.ok(steps.some((step) => step.startsWith(moment) && step.includes("ledger_insert_journals")));
  }
}

function movesMoney(step: string): boolean {
  return /payments_insert|ledger_insert|precreate|trade\.refund/.test(step);
}

/** Most of a walk is waiting for what a killed process left to come due, so two walks go side by side. */
void describe("a payment, killed at its steps", { concurrency: 2 }, () => {
  void test("the server killed at any step: the payment reaches its true state by itself", async () => {
    const opened = await serverLanes();
    for (const [name, story] of [["qr", qrStory] as const, ["code", codeStory] as const]) {
      const walked = await walk({ lanes: opened, story, name });
      assert.deepEqual(walked.faults, []);
      assert.deepEqual(walked.missed, [], "every step that was noted is walked");
      assertComplete(walked.steps, name);
    }
    await close(opened);
  });

  void describe("where PostgreSQL is a victim", { concurrency: 1 }, () => {
    void test("PostgreSQL killed at any step: 503 meanwhile, and the payment goes on", async () => {
      const lane = await postgresLane("postgres", "alone");
      const walked = await walk({ lanes: [lane], story: qrStory, name: "postgres", only: movesMoney });
      assert.deepEqual(walked.faults, []);
      assert.deepEqual(walked.missed, []);
      assert.ok(walked.steps.length >= 8, walked.steps.join("\n"));
      const [shop] = lane.stage.shops;
      assert.ok(shop?.client.setbacks.includes(503), "nobody was told to come again");
      await close([lane]);
    });

    void test("both killed at one instant: nothing that was acknowledged is gone", async () => {
      const lane = await postgresLane("both", "together");
      const only = (step: string) => /after (commit of .*(payments_insert|ledger_insert)|channel)/.test(step);
      const walked = await walk({ lanes: [lane], story: qrStory, name: "both", only });
      assert.deepEqual(walked.faults, []);
      assert.deepEqual(walked.missed, []);
      await close([lane]);
    });
  });
});
