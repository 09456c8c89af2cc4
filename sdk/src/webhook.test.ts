import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { verifyWebhook, type WebhookFault, WebhookVerificationError } from "./index.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;
const body = JSON.stringify({
  id: "evt_01jzz",
  type: "payment.succeeded",
  created_at: "2026-03-01T08:00:00.000Z",
  data: { payment: { subject: "三杯美式 ☕", amount: 1234 } },
});
const now = new Date("2026-03-01T08:00:01.000Z");

/** Headers as the standard's own library signs them. */
function signed(changes: { by?: string; at?: Date; body?: string } = {}) {
  const at = changes.at ?? now;
  return {
    "webhook-id": "evt_01jzz",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": new Webhook(changes.by ?? secret).sign("evt_01jzz", at, changes.body ?? body),
  };
}

const seconds = (count: number) => new Date(now.getTime() + count * 1_000);
const refusal = (code: WebhookFault) => (error: unknown) =>
  error instanceof WebhookVerificationError && error.code === code;

test("what the standard's own library signed is believed, in whatever form a server has it", async () => {
  const headers = signed();
  const forms = [
    headers,
    new Headers(headers),
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]])),
  ];
  for (const form of forms) {
    for (const bytes of [body, new TextEncoder().encode(body), Buffer.from(body)]) {
      const event = await verifyWebhook({ secret, headers: form, body: bytes, now });
      assert.equal(event.id, "evt_01jzz");
      assert.ok(event.type === "payment.succeeded");
      assert.equal(event.data.payment.amount, 1_234);
    }
  }
});

test("while a rotation lasts either secret is enough, on either side", async () => {
  const other = `whsec_${randomBytes(24).toString("base64")}`;
  await verifyWebhook({ secret: [other, secret], headers: signed(), body, now });
  const both = signed();
  both["webhook-signature"] += ` ${signed({ by: other })["webhook-signature"]} v1a,b3RoZXI=`;
  await verifyWebhook({ secret: other, headers: both, body, now });
});

const forged: readonly [
  title: string,
  code: WebhookFault,
  request: Partial<Parameters<typeof verifyWebhook>[0]>,
][] = [
  ["an altered body", "bad_signature", { body: body.replace("1234", "9999") }],
  [
    "a body that was parsed and written again",
    "bad_signature",
    { body: JSON.stringify(JSON.parse(body), null, 2) },
  ],
  ["another secret", "bad_signature", { secret: `whsec_${randomBytes(32).toString("base64")}` }],
  ["another id", "bad_signature", { headers: { ...signed(), "webhook-id": "evt_01jzy" } }],
  ["an empty signature", "missing_header", { headers: { ...signed(), "webhook-signature": "" } }],
  ["no id", "missing_header", { headers: { ...signed(), "webhook-id": undefined } }],
  ["a broken signature", "bad_signature", { headers: { ...signed(), "webhook-signature": "v1,***" } }],
  [
    "only an asymmetric signature",
    "bad_signature",
    { headers: { ...signed(), "webhook-signature": "v1a,AAAA" } },
  ],
  [
    "a timestamp that is no number",
    "bad_timestamp",
    { headers: { ...signed(), "webhook-timestamp": "today" } },
  ],
  ["a request of six minutes ago", "too_old", { headers: signed({ at: seconds(-360) }) }],
  ["a request of the future", "too_new", { headers: signed({ at: seconds(360) }) }],
  ["a secret that is none", "bad_secret", { secret: "hunter2" }],
  ["a signed body that is no event", "bad_payload", { body: "[]", headers: signed({ body: "[]" }) }],
  ["a signed body that is no JSON", "bad_payload", { body: "success", headers: signed({ body: "success" }) }],
];
for (const [title, code, request] of forged) {
  test(`${title} is refused as ${code}`, async () => {
    await assert.rejects(verifyWebhook({ secret, headers: signed(), body, now, ...request }), refusal(code));
  });
}

test("how old a request may be is the caller's choice", async () => {
  const headers = signed({ at: seconds(-360) });
  await verifyWebhook({ secret, headers, body, now, toleranceSeconds: 400 });
});
