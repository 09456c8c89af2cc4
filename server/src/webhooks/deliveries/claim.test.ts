import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { insertEvents } from "../events/store.ts";
import { type Health, IN_FLIGHT_PER_ENDPOINT_MAX, LEASE_MS, type TryResult } from "../model.ts";
import { openTestRoom, type TestRoom } from "../testing/room.ts";
import { createClaim } from "./claim.ts";
import { saveHealth } from "./health-store.ts";
import { writeResults } from "./results.ts";
import { insertDeliveries, lockDeliveries } from "./store.ts";

let room: TestRoom;
before(async () => {
  room = await openTestRoom();
});
after(() => room.close());

/** Writes deliveries that are due, `perEndpoint` for each endpoint; gives their ids. */
async function backlog(endpointIds: readonly Id[], perEndpoint: number): Promise<readonly Id[]> {
  const { clock, cell, newId } = room;
  const merchantId = newId();
  const createdAt = clock.now();
  const event = { merchantId, type: "ping" as const, paymentId: null, createdAt, payload: "{}" };
  const events = Array.from({ length: perEndpoint }, () => ({ ...event, id: newId(), subjectId: newId() }));
  const rows = events.flatMap(({ id }) =>
    endpointIds.map((endpointId) => ({
      id: newId(),
      eventId: id,
      endpointId,
      dueAt: plus(createdAt, -SECOND),
      createdAt,
    })),
  );
  await cell.transact(async (tx) => {
    await insertEvents(tx, events);
    await insertDeliveries(tx, rows);
  });
  return rows.map(({ id }) => id);
}

function lanes(changes: { busy?: number; more?: Id[] } = {}) {
  return {
    busy: () => changes.busy ?? 0,
    learn: (_: Id, stored: Health | null) => stored,
    expectMore: (endpointId: Id) => void changes.more?.push(endpointId),
  };
}

const claimWith = (given: ReturnType<typeof lanes>) =>
  createClaim({ cell: room.cell, clock: room.clock, lanes: given });

async function finish(): Promise<void> {
  room.clock.advance(LEASE_MS);
  const claim = claimWith(lanes());
  for (;;) {
    const claimed = await claim(1_000);
    if (claimed.length === 0) return;
    await writeResults(
      room.cell,
      claimed.map((delivery) => ended(delivery.id, delivery.endpointId, true)),
    );
  }
}

function ended(deliveryId: Id, endpointId: Id, delivered: boolean): TryResult {
  const at = room.clock.now();
  const times = { startedAt: at, endedAt: plus(at, 5) };
  if (delivered)
    return { deliveryId, endpointId, ...times, status: 204, answer: "", fault: null, error: null };
  return {
    deliveryId,
    endpointId,
    ...times,
    status: 500,
    answer: "",
    fault: "status",
    error: "answered 500",
  };
}

test("a small claim takes from every endpoint in turn, however long one backlog is", async () => {
  const [long, short, other] = [room.newId(), room.newId(), room.newId()];
  await backlog([long], 50);
  await backlog([short, other], 1);
  const claimed = await claimWith(lanes())(4);
  const counts = Map.groupBy(claimed, ({ endpointId }) => endpointId);
  assert.equal(counts.get(short)?.length, 1);
  assert.equal(counts.get(other)?.length, 1);
  assert.equal(counts.get(long)?.length, 2);
  await finish();
});

test("an endpoint is claimed for no more places than its lane has, and again when one is free", async () => {
  const endpoint = room.newId();
  await backlog([endpoint], 40);
  const more: Id[] = [];
  const claimed = await claimWith(lanes({ busy: 10, more }))(500);
  assert.equal(claimed.length, IN_FLIGHT_PER_ENDPOINT_MAX - 10);
  assert.deepEqual(more, [endpoint]);
  await finish();
});

test("what is claimed is leased: nobody claims it until the lease ends, then it comes back", async () => {
  const endpoint = room.newId();
  await backlog([endpoint], 3);
  const claim = claimWith(lanes());
  const first = await claim(10);
  assert.equal(first.length, 3);
  assert.deepEqual(first[0]?.leasedUntil, plus(room.clock.now(), LEASE_MS));
  assert.deepEqual(await claim(10), []);
  room.clock.advance(LEASE_MS);
  assert.equal((await claim(10)).length, 3);
  await finish();
});

test("a paused endpoint is not claimed; when its pause is over, one delivery of it is", async () => {
  const endpoint = room.newId();
  await backlog([endpoint], 5);
  const now = room.clock.now();
  const row = {
    endpointId: endpoint,
    failures: 4,
    failingSince: now,
    failedAt: now,
    pausedUntil: plus(now, 10 * SECOND),
    lastStatus: 500,
    lastError: "answered 500",
  };
  await room.cell.transact((tx) => saveHealth(tx, [row]));
  const claim = claimWith(lanes());
  assert.equal((await claim(100)).length, 0);
  room.clock.advance(10 * SECOND);
  assert.equal((await claim(100)).length, 1);
  await finish();
});

test("thousands of endpoints are seen in turn: a claim begins behind those of the one before", async () => {
  const endpointIds = Array.from({ length: 2_300 }, () => room.newId()).toSorted();
  await backlog(endpointIds, 1);
  const claim = claimWith(lanes());
  const seen = new Set<Id>();
  for (let claims = 0; claims < 8; claims += 1) {
    for (const { endpointId } of await claim(300)) seen.add(endpointId);
  }
  assert.equal(seen.size, endpointIds.length);
  await finish();
});

test("two processes over the same deliveries never deadlock and never claim one twice", async () => {
  const endpointIds = Array.from({ length: 20 }, () => room.newId());
  const ids = await backlog(endpointIds, 12);
  const claims = await Promise.all([claimWith(lanes())(500), claimWith(lanes())(500)]);
  const claimed = claims.flat();
  assert.equal(new Set(claimed.map(({ id }) => id)).size, claimed.length);

  const results = claimed.map(({ id, endpointId }, index) => ended(id, endpointId, index % 3 > 0));
  const opposite = results.toReversed();
  await Promise.all([
    ...chunks(results).map((part) => writeResults(room.cell, part)),
    ...chunks(opposite).map((part) => writeResults(room.cell, part)),
  ]);
  assert.equal(room.cell.counters.deadlocks, 0);
  const rows = await room.cell.transact((tx) => lockDeliveries(tx, ids));
  // Each result was written twice and counted once.
  for (const { tries } of rows) assert.ok(tries <= 1);
  await finish();
});

function chunks<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const size = 40;
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
