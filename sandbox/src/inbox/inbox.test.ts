import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { FastifyInstance } from "fastify";
import fastify from "fastify";
import { Webhook } from "standardwebhooks";
import type { SandboxClock } from "../clock.ts";
import { memoryInboxStore, registerInbox } from "./index.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OLD_SECRET = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
const NOON = new Date("2026-03-04T12:00:00Z");

describe("the shop inbox", () => {
  let app: FastifyInstance;
  const waits: number[] = [];

  before(async () => {
    app = fastify();
    const clock: SandboxClock = {
      now: () => NOON,
      after: (ms, run) => {
        waits.push(ms);
        setImmediate(run);
        return () => {};
      },
    };
    registerInbox(app, { store: memoryInboxStore(), clock });
    await app.ready();
    for (const shop of ["tea", "slow", "pages", "repeats", "cleared"]) await tell(shop, [SECRET]);
  });

  after(() => app.close());

  async function tell(shop: string, secrets: string[]) {
    const answer = await app.inject({ method: "PUT", url: `/inbox/shops/${shop}`, payload: { secrets } });
    assert.equal(answer.statusCode, 200, answer.body);
  }

  interface Letter {
    id?: string;
    at?: Date;
    secret?: string;
    body?: string;
    sent?: string;
    headers?: Record<string, string | undefined>;
  }

  /**
   * Signs with the standardwebhooks package and delivers; `sent` is what arrives instead of what was signed.
   */
  async function deliver(shop: string, letter: Letter = {}) {
    const { id = "msg_1", at = NOON, secret = SECRET } = letter;
    const body = letter.body ?? JSON.stringify({ type: "payment.succeeded", data: { id: "pay_1" } });
    const headers: Record<string, string> = { "content-type": "application/json" };
    const signed: Record<string, string | undefined> = {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign(id, at, body),
      ...letter.headers,
    };
    for (const [name, value] of Object.entries(signed)) if (value !== undefined) headers[name] = value;
    return app.inject({ method: "POST", url: `/inbox/${shop}`, headers, payload: letter.sent ?? body });
  }

  async function read(url: string) {
    const answer = await app.inject({ method: "GET", url });
    assert.equal(answer.statusCode, 200, answer.body);
    return answer.json<{ data: Record<string, unknown>[]; next_cursor: string | null }>();
  }

  test("believes what the standardwebhooks package signed, and answers 204", async () => {
    const answer = await deliver("tea", { id: "msg_believed" });
    assert.equal(answer.statusCode, 204);
    const { data } = await read("/inbox/tea?webhook_id=msg_believed");
    assert.equal(data.length, 1);
    assert.equal(data[0]!.verified, true);
    assert.equal(data[0]!.refusal, null);
    assert.equal(data[0]!.answered, 204);
    assert.equal(data[0]!.type, "payment.succeeded");
    assert.deepEqual(data[0]!.payload, { type: "payment.succeeded", data: { id: "pay_1" } });
  });

  test("checks the bytes that came, not the JSON they mean", async () => {
    const spaced = '{ "type":"payment.succeeded",\n  "note":"茶 – tea", "amount":12345678901234567890 }';
    assert.equal((await deliver("tea", { body: spaced })).statusCode, 204);
    assert.equal((await deliver("tea", { body: spaced, sent: spaced.replace("\n", "") })).statusCode, 401);
  });

  test("believes either secret while a secret is being replaced", async () => {
    await tell("rotating", [SECRET, OLD_SECRET]);
    assert.equal((await deliver("rotating", { secret: SECRET })).statusCode, 204);
    assert.equal((await deliver("rotating", { secret: OLD_SECRET })).statusCode, 204);
    await tell("rotating", [SECRET]);
    assert.equal((await deliver("rotating", { secret: OLD_SECRET })).statusCode, 401);
  });

  test("finds its signature among those of a sender that signs with both secrets", async () => {
    const body = "{}";
    const [mine, other] = [SECRET, OLD_SECRET].map((secret) => new Webhook(secret).sign("msg_1", NOON, body));
    const headers = { "webhook-signature": `v1a,AAAA ${other} ${mine}` };
    assert.equal((await deliver("tea", { body, headers })).statusCode, 204);
  });

  const refused: [string, string, Letter][] = [
    ["a forged signature", "bad_signature", { secret: OLD_SECRET }],
    ["a body changed on its way", "bad_signature", { sent: '{"type":"payment.succeeded","amount":1}' }],
    ["a signature that is no base64", "bad_signature", { headers: { "webhook-signature": "v1,%%%" } }],
    ["a signature of another version", "bad_signature", { headers: { "webhook-signature": "v2,AAAA" } }],
    ["another id than the signed one", "bad_signature", { headers: { "webhook-id": "msg_other" } }],
    ["a delivery signed 301 s ago", "too_old", { at: new Date(NOON.getTime() - 301_000) }],
    ["a delivery signed 301 s ahead", "too_new", { at: new Date(NOON.getTime() + 301_000) }],
    ["a timestamp that is no number", "bad_timestamp", { headers: { "webhook-timestamp": "1e9" } }],
    ["no id", "missing_header", { headers: { "webhook-id": undefined } }],
    ["no signature", "missing_header", { headers: { "webhook-signature": undefined } }],
  ];
  for (const [title, code, letter] of refused) {
    test(`refuses and shows ${title}`, async () => {
      const answer = await deliver("tea", letter);
      assert.equal(answer.statusCode, 401);
      assert.equal(answer.json<{ error: { code: string } }>().error.code, code);
      const { data } = await read("/inbox/tea?limit=1");
      assert.equal(data[0]!.verified, false);
      assert.equal((data[0]!.refusal as { code: string }).code, code);
      assert.equal(data[0]!.answered, 401);
    });
  }

  test("takes a delivery up to five minutes old", async () => {
    const at = new Date(NOON.getTime() - 300_000);
    assert.equal((await deliver("tea", { at })).statusCode, 204);
  });

  test("refuses and shows what arrives for a shop without a secret", async () => {
    const answer = await deliver("stranger");
    assert.equal(answer.statusCode, 401);
    assert.match(answer.body, /no_secret/);
    assert.equal((await read("/inbox/stranger")).data.length, 1);
  });

  test("marks a repeat, and a forgery never makes the true delivery one", async () => {
    await deliver("repeats", { id: "msg_r", secret: OLD_SECRET });
    await deliver("repeats", { id: "msg_r" });
    await deliver("repeats", { id: "msg_r" });
    const { data } = await read("/inbox/repeats");
    assert.deepEqual(
      data.map((delivery) => [delivery.verified, delivery.repeat]),
      [
        [true, true],
        [true, false],
        [false, false],
      ],
    );
  });

  test("plays a failing and slow shop for as many deliveries as told, then the ordinary one", async () => {
    const payload = { status: 503, delay_ms: 250, body: "come back later", times: 2 };
    await app.inject({ method: "POST", url: "/inbox/slow/behaviour", payload });
    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await deliver("slow")).statusCode);
    assert.deepEqual(statuses, [503, 503, 204]);
    assert.deepEqual(waits, [250, 250]);
    const { data } = await read("/inbox/slow");
    assert.deepEqual(
      data.map((delivery) => delivery.answered),
      [204, 503, 503],
    );
  });

  test("a shop told to fail still answers a forgery with 401, and an empty behaviour heals it", async () => {
    await app.inject({ method: "POST", url: "/inbox/slow/behaviour", payload: { body: "success" } });
    assert.equal((await deliver("slow")).body, "success");
    assert.equal((await deliver("slow", { secret: OLD_SECRET })).statusCode, 401);
    await app.inject({ method: "POST", url: "/inbox/slow/behaviour", payload: {} });
    assert.equal((await deliver("slow")).statusCode, 204);
  });

  test("lists page by page, newest first, without loss or repeat", async () => {
    for (let n = 1; n <= 7; n += 1) await deliver("pages", { id: `msg_${n}` });
    const seen: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page = await read(`/inbox/pages?limit=3${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.data.map((delivery) => delivery.webhook_id));
      cursor = page.next_cursor;
    }
    assert.deepEqual(seen, ["msg_7", "msg_6", "msg_5", "msg_4", "msg_3", "msg_2", "msg_1"]);
  });

  test("clearing forgets the deliveries and keeps the secret", async () => {
    await deliver("cleared");
    assert.equal((await app.inject({ method: "DELETE", url: "/inbox/cleared" })).statusCode, 204);
    assert.deepEqual((await read("/inbox/cleared")).data, []);
    assert.equal((await deliver("cleared")).statusCode, 204);
  });

  test("never shows a secret, a whole signature or a credential", async () => {
    await deliver("tea", { headers: { authorization: "Bearer hush", cookie: "a=hush" } });
    const list = await app.inject({ method: "GET", url: "/inbox/tea?limit=1" });
    const shops = await app.inject({ method: "GET", url: "/inbox/shops" });
    assert.doesNotMatch(list.body + shops.body, /hush|whsec_/);
    const [delivery] = list.json<{ data: { headers: Record<string, string> }[] }>().data;
    assert.match(delivery!.headers["webhook-signature"]!, /^v1,.{6}…$/);
  });

  test("keeps a body that is no JSON, or no text, as it can be shown", async () => {
    assert.equal((await deliver("tea", { body: "not json \u0000 at all" })).statusCode, 204);
    assert.equal((await read("/inbox/tea?limit=1")).data[0]!.payload, "not json \u0000 at all");
  });

  const badSettings: [string, "PUT" | "POST", string, unknown][] = [
    ["a secret without its prefix", "PUT", "/inbox/shops/tea", { secret: "c2VjcmV0" }],
    ["a secret that is too short", "PUT", "/inbox/shops/tea", { secret: "whsec_c2VjcmV0" }],
    ["no secret", "PUT", "/inbox/shops/tea", {}],
    ["a status that is none", "POST", "/inbox/tea/behaviour", { status: 99 }],
    ["a delay longer than a minute", "POST", "/inbox/tea/behaviour", { delay_ms: 60_001 }],
    ["an unknown field", "POST", "/inbox/tea/behaviour", { delay: 1 }],
  ];
  for (const [title, method, url, payload] of badSettings) {
    test(`refuses ${title} with a sentence`, async () => {
      const answer = await app.inject({ method, url, payload: payload as object });
      assert.equal(answer.statusCode, 400);
      assert.ok(answer.json<{ error: { message: string } }>().error.message.length > 10);
    });
  }

  test("answers programs with JSON and browsers with the page, under a strict policy", async () => {
    const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    const page = await app.inject({ method: "GET", url: "/inbox/tea", headers: { accept } });
    assert.match(page.headers["content-type"] as string, /^text\/html/);
    assert.match(page.headers["content-security-policy"] as string, /^default-src 'none'; script-src 'self'/);
    const program = await app.inject({ method: "GET", url: "/inbox/tea", headers: { accept: "*/*" } });
    assert.match(program.headers["content-type"] as string, /^application\/json/);
  });
});
