import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { formatId, type Id } from "../kernel/ids.ts";
import { until } from "./testing/clock.ts";
import { type Receiver, startReceiver, verified } from "./testing/receiver.ts";
import { openTestRoom, type TestRoom } from "./testing/room.ts";

const PUBLIC = { address: "8.8.8.8", family: 4 } as const;
let room: TestRoom;
let production: TestRoom;
let receiver: Receiver;
let merchantId: Id;

before(async () => {
  const resolve = async (host: string) => {
    if (host === "unknown.example") throw new Error("ENOTFOUND");
    return host === "inside.example" ? [PUBLIC, { address: "10.1.2.3", family: 4 } as const] : [PUBLIC];
  };
  [room, production, receiver] = await Promise.all([
    openTestRoom(),
    openTestRoom({ production: true, resolve }),
    startReceiver(),
  ]);
  merchantId = room.newId();
});
after(async () => {
  await Promise.all([room.close(), production.close()]);
  await receiver.close();
});

const create = (body: unknown, as: string = room.newId()) =>
  room.call("POST", "/v1/webhook_endpoints", as, body);

test("an endpoint is created with its secret, and from then on shown without it", async () => {
  const url = receiver.url("/created");
  const made = await create({ url }, merchantId);
  assert.equal(made.status, 201);
  assert.match(made.body.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.match(made.body.id, /^whe_/);
  assert.deepEqual(made.body.events, ["*"]);
  assert.equal(made.body.require_body_success, false);
  const shown = await room.call("GET", `/v1/webhook_endpoints/${made.body.id}`, merchantId);
  const { secret: _, ...rest } = made.body;
  assert.deepEqual(shown.body, rest);
  const list = await room.call("GET", "/v1/webhook_endpoints", merchantId);
  assert.deepEqual(list.body.data, [rest]);
});

test("the secret is not in the database in clear", async () => {
  const rows = await room.platform.db.all<{ row: string }>(
    { name: "test_dump_endpoints", text: "select e::text as row from webhook_endpoints e order by id" },
    [],
  );
  const { body } = await create({ url: receiver.url("/sealed") });
  const key = Buffer.from(String(body.secret).slice(6), "base64").toString("hex");
  assert.ok(rows.length > 0);
  assert.ok(rows.every(({ row }) => !row.includes(key)));
});

test("creating the same endpoint again is refused instead of delivering everything twice", async () => {
  const as = room.newId();
  const url = receiver.url("/same");
  const first = await create({ url }, as);
  const second = await create({ url }, as);
  assert.equal(second.status, 409);
  assert.equal(second.body.code, "conflict");
  assert.equal(second.body.field, "url");
  await room.call("DELETE", `/v1/webhook_endpoints/${first.body.id}`, as);
  assert.equal((await create({ url }, as)).status, 201);
  const enabled = await room.call("PATCH", `/v1/webhook_endpoints/${first.body.id}`, as, {
    status: "enabled",
  });
  assert.equal(enabled.status, 409);
});

test("a merchant has at most sixteen endpoints", async () => {
  const as = room.newId();
  for (let count = 0; count < 16; count += 1) {
    assert.equal((await create({ url: receiver.url(`/many/${count}`) }, as)).status, 201);
  }
  assert.equal((await create({ url: receiver.url("/many/16") }, as)).status, 409);
});

const wrong: readonly [title: string, body: unknown, field: string][] = [
  ["no url", {}, "url"],
  ["a url that is a number", { url: 1 }, "url"],
  ["an unknown field", { url: "https://shop.example/", secret: "mine" }, "secret"],
  ["an unknown event", { url: "https://shop.example/", events: ["payment.sucess"] }, "events.0"],
  ["no events", { url: "https://shop.example/", events: [] }, "events"],
  ["a flag as text", { url: "https://shop.example/", require_body_success: "true" }, "require_body_success"],
];
for (const [title, body, field] of wrong) {
  test(`creating an endpoint with ${title} is refused naming the field`, async () => {
    const answer = await create(body);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.code, "invalid_request");
    assert.equal(answer.body.field, field);
  });
}

const inside = [
  "http://shop.example/hooks",
  "https://127.0.0.1/hooks",
  "https://[::1]/",
  "https://2130706433/",
  "https://100.100.100.200/latest/meta-data",
  "https://admin:secret@shop.example/",
  "https://inside.example/",
  "https://unknown.example/",
  "no address",
];
for (const url of inside) {
  test(`in production an endpoint at ${url} is refused, at creation and at a change`, async () => {
    const as = production.newId();
    const made = await production.call("POST", "/v1/webhook_endpoints", as, { url });
    assert.equal(made.status, 422);
    assert.equal(made.body.code, "endpoint_not_allowed");
    assert.equal(made.body.field, "url");
    const { id } = await production.endpoint(as, "https://shop.example/hooks");
    const changed = await production.call("PATCH", `/v1/webhook_endpoints/${id}`, as, { url });
    assert.equal(changed.status, 422);
  });
}

test("an endpoint is changed field by field", async () => {
  const as = room.newId();
  const { id } = await room.endpoint(as, receiver.url("/change"));
  const { status, body } = await room.call("PATCH", `/v1/webhook_endpoints/${id}`, as, {
    events: ["payment.succeeded", "*"],
    require_body_success: true,
    description: "the till",
  });
  assert.equal(status, 200);
  assert.deepEqual(body.events, ["*"]);
  assert.equal(body.require_body_success, true);
  assert.equal(body.description, "the till");
  assert.equal(body.url, receiver.url("/change"));
});

test("a ping reaches an endpoint whatever it subscribes to", async () => {
  const as = room.newId();
  const { id, secret } = await room.endpoint(as, receiver.url("/ping"), { events: ["refund.failed"] });
  const { status, body } = await room.call("POST", `/v1/webhook_endpoints/${id}/test`, as);
  assert.equal(status, 202);
  assert.equal(body.event_type, "ping");
  await until("it arrived", () => receiver.at("/ping").length === 1);
  const event = verified(receiver.at("/ping")[0]!, secret);
  assert.deepEqual(event.data, { webhook_endpoint: id });
  const events = await room.call("GET", "/v1/events?type=ping", as);
  assert.equal(events.body.data[0].subject, id);
});

test("another merchant's endpoint, event and delivery are not found", async () => {
  const [as, stranger] = [room.newId(), room.newId()];
  const { id } = await room.endpoint(as, receiver.url("/private"));
  const [delivery] = await room.record(as, 1);
  const paths = [
    `/v1/webhook_endpoints/${id}`,
    `/v1/events/${formatId("evt", delivery!.eventId)}`,
    `/v1/deliveries/${formatId("dlv", delivery!.id)}`,
    "/v1/deliveries/no-id",
    `/v1/deliveries/${formatId("evt", delivery!.id)}`,
  ];
  for (const path of paths) assert.equal((await room.call("GET", path, stranger)).status, 404, path);
  const resend = `/v1/deliveries/${formatId("dlv", delivery!.id)}/resend`;
  assert.equal((await room.call("POST", resend, stranger)).status, 404);
  assert.equal(
    (await room.call("POST", `/v1/webhook_endpoints/${id}/rotate_secret`, stranger, {})).status,
    404,
  );
  for (const path of paths.slice(0, 3)) assert.equal((await room.call("GET", path, as)).status, 200, path);
});

test("without a key nothing is told", async () => {
  for (const url of ["/v1/webhook_endpoints", "/v1/events", "/v1/deliveries", "/v1/ops/deliveries"]) {
    assert.equal((await room.http.inject({ method: "GET", url })).statusCode, 401, url);
  }
});

test("events are listed newest first, page by page, and by type and subject", async () => {
  const as = room.newId();
  await room.endpoint(as, receiver.url("/pages"));
  const paymentId = room.newId();
  const refundId = room.newId();
  for (let count = 0; count < 5; count += 1) {
    await room.record(as, 1);
    room.clock.advance(1);
  }
  await room.record(as, 1, { paymentId, subjectId: paymentId });
  room.clock.advance(1);
  await room.record(as, 1, { paymentId, subjectId: refundId, type: "refund.succeeded" });

  const first = await room.call("GET", "/v1/events?limit=4", as);
  assert.equal(first.body.data.length, 4);
  assert.equal(first.body.data[0].type, "refund.succeeded");
  const second = await room.call("GET", `/v1/events?limit=4&cursor=${first.body.next_cursor}`, as);
  assert.equal(second.body.data.length, 3);
  assert.equal(second.body.next_cursor, null);
  const ids = [...first.body.data, ...second.body.data].map(({ id }: { id: string }) => id);
  assert.deepEqual(ids, ids.toSorted().toReversed());

  const ofRefund = await room.call("GET", `/v1/events?subject=${formatId("rfd", refundId)}`, as);
  assert.deepEqual(
    ofRefund.body.data.map(({ type }: { type: string }) => type),
    ["refund.succeeded"],
  );
  const ofPayment = await room.call("GET", `/v1/events?subject=${formatId("pay", paymentId)}`, as);
  assert.deepEqual(
    ofPayment.body.data.map(({ type }: { type: string }) => type),
    ["payment.succeeded"],
  );
  const typed = await room.call("GET", "/v1/events?type=refund.succeeded", as);
  assert.equal(typed.body.data.length, 1);
});

test("deliveries are listed page by page, and by state, endpoint, event and payment", async () => {
  const as = room.newId();
  const one = await room.endpoint(as, receiver.url("/list/one"));
  const two = await room.endpoint(as, receiver.url("/list/two"));
  const paymentId = room.newId();
  const deliveries = [];
  for (let count = 0; count < 3; count += 1) {
    deliveries.push(...(await room.record(as, 1)));
    room.clock.advance(1);
  }
  const last = await room.record(as, 1, { paymentId, subjectId: paymentId });
  room.webhooks.deliver(last);
  await until("two arrived", () => room.webhooks.gauges.inFlight === 0);
  const list = async (query: string) => (await room.call("GET", `/v1/deliveries?${query}`, as)).body;

  const first = await list("limit=5");
  const second = await list(`limit=5&cursor=${first.next_cursor}`);
  assert.equal(first.data.length, 5);
  assert.equal(second.data.length, 3);
  assert.equal(new Set([...first.data, ...second.data].map(({ id }) => id)).size, 8);
  assert.equal((await list("state=delivered")).data.length, 2);
  assert.equal((await list("state=scheduled")).data.length, 6);
  assert.equal((await list("state=dead")).data.length, 0);
  assert.equal((await list(`webhook_endpoint=${two.id}`)).data.length, 4);
  assert.equal((await list(`webhook_endpoint=${one.id}&state=scheduled`)).data.length, 3);
  assert.equal((await list(`event=${formatId("evt", last[0]!.eventId)}`)).data.length, 2);
  assert.equal((await list(`payment=${formatId("pay", paymentId)}`)).data.length, 2);
  const operator = await room.call(
    "GET",
    `/v1/ops/deliveries?state=delivered&merchant=${formatId("mch", as)}`,
    "operator",
  );
  assert.equal(operator.body.data.length, 2);
  assert.equal(operator.body.data[0].merchant, formatId("mch", as));
});

const wrongQueries = [
  ["/v1/events?type=payment.lost", "query.type"],
  ["/v1/events?subject=pay_1", "query.subject"],
  ["/v1/events?limit=0", "query.limit"],
  ["/v1/events?cursor=abc", "query.cursor"],
  ["/v1/events?order=asc", "query.order"],
  ["/v1/deliveries?state=lost", "query.state"],
  ["/v1/deliveries?payment=evt_1", "query.payment"],
  ["/v1/deliveries?cursor=WyJhIiwiYiJd", "query.cursor"],
] as const;
for (const [url, field] of wrongQueries) {
  test(`GET ${url} is refused naming ${field}`, async () => {
    const { status, body } = await room.call("GET", url, merchantId);
    assert.equal(status, 400);
    assert.equal(body.field, field);
  });
}
