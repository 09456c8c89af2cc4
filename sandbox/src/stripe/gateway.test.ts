import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type TestClock, testClock } from "../testing/clock.ts";
import { postJson } from "../testing/merchant.ts";
import { type StripeBench, startStripeBench } from "../testing/stripe.ts";
import { until } from "../testing/until.ts";

let bench: StripeBench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T09:30:00Z");
  bench = await startStripeBench({ clock });
});
after(() => bench.stop());

type Answer = {
  status: number;
  headers: Headers;
  body: Record<string, never> & { error: Record<string, string> };
};

async function call(
  verb: string,
  path: string,
  form = "",
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${bench.url}${path}`, {
    method: verb,
    headers: {
      authorization: `Bearer ${bench.account.secret_key}`,
      "content-type": "application/x-www-form-urlencoded",
      ...headers,
    },
    ...(form !== "" && { body: form }),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Answer["body"] };
}

const intent = "amount=500&currency=usd";
const newIntent = async (more = "") =>
  (await call("POST", "/v1/payment_intents", intent + more)).body as unknown as { id: string };
const within = (afterSeconds: number) => Math.floor(clock.now().getTime() / 1_000) + afterSeconds;
const line = "line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=500";
const product = "line_items[0][price_data][product_data][name]=Tea";
const session = `mode=payment&success_url=http://shop.example/done&${line}&${product}`;

void describe("Stripe's gateway", () => {
  void test("takes the secret key as a bearer's and as curl -u sends it, and no other", async () => {
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
    const { secret_key: key, publishable_key: other } = bench.account;
    assert.equal((await call("GET", "/v1/events", "", basic(`${key}:`))).status, 200);
    for (const authorization of ["", "Bearer", `Bearer ${other}`, "Bearer sk_test_none"]) {
      const refused = await call("GET", "/v1/events", "", { authorization });
      assert.deepEqual(
        [refused.status, refused.body.error.type],
        [401, "invalid_request_error"],
        authorization,
      );
    }
  });

  void test("names every answer, and echoes the version and the key", async () => {
    const headers = { "stripe-version": "2025-01-27.acacia", "idempotency-key": "NAME1" };
    const answer = await call("POST", "/v1/payment_intents", intent, headers);
    assert.match(answer.headers.get("request-id")!, /^req_/);
    assert.equal(answer.headers.get("stripe-version"), "2025-01-27.acacia");
    assert.equal(answer.headers.get("idempotency-key"), "NAME1");
  });

  const bad: [
    title: string,
    verb: string,
    path: string,
    form: string,
    status: number,
    code?: string | undefined,
    param?: string,
  ][] = [
    ["an unknown path", "GET", "/v1/tea", "", 404],
    [
      "an unknown parameter",
      "POST",
      "/v1/payment_intents",
      `${intent}&tea=1`,
      400,
      "parameter_unknown",
      "tea",
    ],
    [
      "an unknown parameter inside",
      "POST",
      "/v1/checkout/sessions",
      `${session}&line_items[0][tea]=1`,
      400,
      "parameter_unknown",
      "line_items[0][tea]",
    ],
    ["no amount", "POST", "/v1/payment_intents", "currency=usd", 400, "parameter_missing", "amount"],
    [
      "an amount with a fraction",
      "POST",
      "/v1/payment_intents",
      "amount=5.00&currency=usd",
      400,
      "parameter_invalid_integer",
      "amount",
    ],
    [
      "an amount beyond eight digits",
      "POST",
      "/v1/payment_intents",
      "amount=100000000&currency=usd",
      400,
      "amount_too_large",
      "amount",
    ],
    [
      "another mode",
      "POST",
      "/v1/checkout/sessions",
      session.replace("payment", "setup"),
      400,
      undefined,
      "mode",
    ],
    [
      "no line",
      "POST",
      "/v1/checkout/sessions",
      "mode=payment&success_url=http://a.example",
      400,
      "parameter_missing",
      "line_items",
    ],
    [
      "an address that is none",
      "POST",
      "/v1/checkout/sessions",
      session.replace("http://shop.example/done", "tea"),
      400,
      "url_invalid",
      "success_url",
    ],
    [
      "a session too short",
      "POST",
      "/v1/checkout/sessions",
      `${session}&expires_at=${Date.parse("2026-11-20T09:50:00Z") / 1_000}`,
      400,
      undefined,
      "expires_at",
    ],
    [
      "a session too long",
      "POST",
      "/v1/checkout/sessions",
      `${session}&expires_at=${Date.parse("2026-11-22T09:30:00Z") / 1_000}`,
      400,
      undefined,
      "expires_at",
    ],
    ["nothing to refund", "POST", "/v1/refunds", "amount=1", 400, "parameter_missing", "payment_intent"],
    [
      "a refund of nothing known",
      "POST",
      "/v1/refunds",
      "payment_intent=pi_none",
      404,
      "resource_missing",
      "payment_intent",
    ],
    ["a page too large", "GET", "/v1/events?limit=101", "", 400, "parameter_invalid_integer", "limit"],
    [
      "a cursor of nowhere",
      "GET",
      "/v1/events?starting_after=evt_none",
      "",
      400,
      "resource_missing",
      "starting_after",
    ],
    [
      "a query that cannot be read",
      "GET",
      "/v1/payment_intents/search?query=tea",
      "",
      400,
      undefined,
      "query",
    ],
    [
      "an endpoint without events",
      "POST",
      "/v1/webhook_endpoints",
      "url=http://a.example",
      400,
      "parameter_missing",
      "enabled_events",
    ],
  ];
  for (const [title, verb, path, form, status, code, param] of bad) {
    void test(`refuses ${title}, naming what is wrong`, async () => {
      const { status: got, body } = await call(verb, path, form);
      assert.deepEqual([got, body.error.code, body.error.param], [status, code, param], JSON.stringify(body));
      assert.ok(body.error.message!.length > 10);
    });
  }

  void test("refuses JSON, and a path that cannot be expanded, before anything is done", async () => {
    const json = await call("POST", "/v1/payment_intents", "{}", { "content-type": "application/json" });
    assert.equal(json.status, 400);
    const before = await call("GET", "/v1/payment_intents?limit=100");
    const expanded = await call("POST", "/v1/payment_intents", `${intent}&expand[]=tea`);
    assert.deepEqual([expanded.status, expanded.body.error.code], [400, "property_cannot_be_expanded"]);
    assert.deepEqual((await call("GET", "/v1/payment_intents?limit=100")).body, before.body);
  });

  void test("acts for the key's own account, and for no other by mistake", async () => {
    const asked = (id: string) => call("GET", "/v1/account", "", { "stripe-account": id });
    const own = await asked(bench.account.account_id);
    assert.deepEqual([own.status, own.body.id], [200, bench.account.account_id]);
    const other = await asked("acct_other");
    assert.deepEqual([other.status, other.body.error.code], [403, "account_invalid"]);
  });

  void test("hides one account's payments from another", async () => {
    const { id } = await newIntent("&metadata[order]=MINE");
    const { body: other } = await postJson(`${bench.url}/stripe/accounts`, {});
    const headers = { authorization: `Bearer ${other.secret_key}` };
    assert.equal((await call("GET", `/v1/payment_intents/${id}`, "", headers)).status, 404);
    const query = encodeURIComponent("metadata['order']:'MINE'");
    const { body } = await call("GET", `/v1/payment_intents/search?query=${query}`, "", headers);
    assert.deepEqual((body as unknown as { data: object[] }).data, []);
  });

  void test("finds what metadata says now, not what it said before", async () => {
    const { id } = await newIntent("&metadata[order]=OLD1");
    await call("POST", `/v1/payment_intents/${id}`, "metadata[order]=NEW1");
    const found = async (order: string) => {
      const query = encodeURIComponent(`metadata["order"]:"${order}"`);
      const { body } = await call("GET", `/v1/payment_intents/search?query=${query}`);
      return (body as unknown as { data: { id: string }[] }).data.map((one) => one.id);
    };
    assert.deepEqual([await found("OLD1"), await found("NEW1")], [[], [id]]);
  });

  void test("pages backwards and forwards over the same list", async () => {
    for (let index = 0; index < 5; index += 1) await newIntent();
    const list = async (query: string) => {
      const { body } = await call("GET", `/v1/payment_intents?${query}`);
      return body as unknown as { data: { id: string }[]; has_more: boolean };
    };
    const first = await list("limit=2");
    const second = await list(`limit=2&starting_after=${first.data[1]!.id}`);
    assert.equal(second.has_more, true);
    assert.deepEqual((await list(`limit=2&ending_before=${second.data[0]!.id}`)).data, first.data);
    const third = await list(`limit=1&ending_before=${second.data[0]!.id}`);
    assert.deepEqual([third.data[0]!.id, third.has_more], [first.data[1]!.id, true]);
  });
});

void describe("an idempotency key", () => {
  const once = (key: string, form = intent, path = "/v1/payment_intents") =>
    call("POST", path, form, { "idempotency-key": key });

  void test("answers the same, whatever became of the thing since", async () => {
    const first = await once("SAME1");
    const { id } = first.body as unknown as { id: string };
    await call("POST", `/v1/payment_intents/${id}/cancel`);
    const again = await once("SAME1");
    assert.deepEqual(again.body, first.body);
    assert.equal(again.headers.get("idempotent-replayed"), "true");
  });

  void test("remembers a refusal of what had begun, and forgets a mistake in the parameters", async () => {
    const declined = await once("BEGUN1", `${intent}&confirm=true&payment_method=pm_card_chargeDeclined`);
    assert.equal(declined.status, 402);
    const again = await once("BEGUN1", `${intent}&confirm=true&payment_method=pm_card_chargeDeclined`);
    assert.deepEqual([again.status, again.body], [402, declined.body]);
    assert.equal((await once("WRONG1", "amount=1&currency=usd")).status, 400);
    assert.equal((await once("WRONG1")).status, 200);
  });

  void test("is refused for other parameters, another path or another length", async () => {
    await once("OTHER1");
    const { id } = await newIntent();
    for (const other of [
      await once("OTHER1", "amount=501&currency=usd"),
      await once("OTHER1", "", `/v1/payment_intents/${id}/cancel`),
    ]) {
      assert.deepEqual([other.status, other.body.error.type], [400, "idempotency_error"]);
    }
    assert.equal((await once("x".repeat(256))).status, 400);
  });

  void test("is in use while its call is under way", async () => {
    const fault = await bench.arm("slow", {
      match: { method: "payment_intents.create" },
      params: { ms: 60_000 },
      count: 1,
    });
    const slow = once("BUSY1");
    await until("the slow call is under way", async () => {
      const { data } = (await bench.get("/faults")) as { data: { id: string; happened: number }[] };
      return data.some((one) => one.id === fault && one.happened === 1);
    });
    const busy = await once("BUSY1");
    assert.deepEqual([busy.status, busy.body.error.code], [409, "idempotency_key_in_use"]);
    await clock.advance(60_000);
    assert.equal((await slow).status, 200);
  });

  void test("is free again after a day", async () => {
    const first = await once("DAY1");
    await clock.advance(24 * 3_600_000);
    assert.notEqual((await once("DAY1")).body.id, first.body.id);
  });
});

void describe("an account", () => {
  const open = (body: object) => postJson(`${bench.url}/stripe/accounts`, body);

  void test("is the same for the same id, and refuses another key", async () => {
    const asked = { account_id: "acct_1SandboxTea", secret_key: "sk_test_teatea42" };
    const answers = await Promise.all([open(asked), open(asked), open(asked)]);
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [200, 200, 201],
    );
    assert.equal(new Set(answers.map(({ body }) => body.webhook_secret)).size, 1);
    assert.equal((await open({ ...asked, secret_key: "sk_test_another1" })).status, 409);
    assert.equal((await open({ secret_key: "sk_test_teatea42" })).status, 409);
    const told = await open({ account_id: "acct_1SandboxTea", notify_url: "http://shop.example/notify" });
    assert.equal(told.body.notify_url, "http://shop.example/notify");
  });

  for (const [title, body] of [
    ["an id that is none", { account_id: "tea" }],
    ["an address that is none", { notify_url: "tea" }],
    ["no currency", { currencies: [] }],
    ["a currency that is none", { currencies: ["dollars"] }],
    ["a live key", { secret_key: "sk_live_12345678" }],
    ["a fee above everything", { fee_rate_millionths: 1_000_001 }],
    ["what nobody knows", { tea: 1 }],
  ] as const) {
    void test(`with ${title} is refused with a sentence`, async () => {
      const { status, body: answer } = await open(body);
      assert.equal(status, 400);
      assert.ok((answer.error as unknown as { message: string }).message.length > 10);
    });
  }

  void test("changes its secret key, and the old one is worth nothing", async () => {
    const { body: made } = await open({});
    const { body: rolled } = await postJson(
      `${bench.url}/stripe/accounts/${made.account_id}/roll-secret-key`,
      {},
    );
    const withKey = async (key: string) =>
      (await call("GET", "/v1/events", "", { authorization: `Bearer ${key}` })).status;
    assert.deepEqual([await withKey(made.secret_key!), await withKey(rolled.secret_key!)], [401, 200]);
  });

  void test("keeps to its own currencies and its own fee", async () => {
    const { body: made } = await open({ currencies: ["CHF"], fee_rate_millionths: 10_000, fee_fixed: 0 });
    const headers = { authorization: `Bearer ${made.secret_key}` };
    const confirmed = "&confirm=true&payment_method=pm_card_visa&expand[]=latest_charge.balance_transaction";
    assert.equal((await call("POST", "/v1/payment_intents", intent, headers)).status, 400);
    const { body } = await call(
      "POST",
      "/v1/payment_intents",
      `amount=500&currency=chf${confirmed}`,
      headers,
    );
    const paid = body as unknown as { latest_charge: { balance_transaction: { fee: number; net: number } } };
    const { fee, net } = paid.latest_charge.balance_transaction;
    assert.deepEqual([fee, net], [5, 495]);
  });
});

void describe("a session", () => {
  void test("expires by itself, and its shop is told", async () => {
    const { body } = await call("POST", "/v1/checkout/sessions", `${session}&expires_at=${within(1_800)}`);
    const { id, url } = body as unknown as { id: string; url: string };
    await clock.advance(1_800_000 + 1_000);
    const [told] = await bench.hear("checkout.session.expired", 1, (object) => object.id === id);
    assert.equal((told!.event.data.object as { status: string }).status, "expired");
    assert.equal((await bench.post("/wallet/pay", { code: url })).status, 409);
  });

  void test("shows its lines when asked, and its intent only once the buyer has confirmed", async () => {
    const { body } = await call("POST", "/v1/checkout/sessions", `${session}&line_items[0][quantity]=3`);
    const { id, url } = body as unknown as { id: string; url: string };
    await bench.post("/wallet/pay", { code: url, card: "0002" });
    const expand = "expand[]=line_items&expand[]=payment_intent";
    const { body: shown } = await call("GET", `/v1/checkout/sessions/${id}?${expand}`);
    const {
      line_items: lines,
      payment_intent: begun,
      status,
    } = shown as unknown as {
      line_items: { data: { quantity: number; amount_total: number }[] };
      payment_intent: { status: string };
      status: string;
    };
    assert.deepEqual([lines.data[0]!.quantity, lines.data[0]!.amount_total], [3, 1_500]);
    assert.deepEqual([status, begun.status], ["open", "requires_payment_method"]);
  });
});
