import assert from "node:assert/strict";
import { describe, it } from "node:test";
import Stripe from "stripe";
import { signatureHeader, signatureOf, strangerBy, TOLERANCE_SECONDS } from "./signing.ts";
import { secondsOf } from "./time.ts";

const SECRET = "whsec_test_secret";
const BODY = Buffer.from('{"id":"evt_1","object":"event","type":"payment_intent.succeeded"}');
const VECTOR = "67da5088c63e080c71bd2bb0cb5c03d85a8fc6a21ce3aaf484df809654745b92";
const AT = new Date(1_700_000_000_000);

const read = (value: string) => signatureHeader({ "stripe-signature": value });
const stranger = (header: string, secrets: readonly string[] = [SECRET], now = AT, body = BODY) =>
  strangerBy(read(header), body, secrets, now);

describe("Stripe's signature of an event", () => {
  it("is the published vector", () => {
    assert.equal(signatureOf(SECRET, "1700000000", BODY), VECTOR);
    assert.equal(stranger(`t=1700000000,v1=${VECTOR}`), null);
  });

  it("is what Stripe's own SDK signs, and verifies what we do", () => {
    const { webhooks } = new Stripe("sk_test_x");
    const payload = BODY.toString();
    const timestamp = secondsOf(AT);
    const header = webhooks.generateTestHeaderString({ payload, secret: SECRET, timestamp });
    assert.equal(stranger(header), null);
    const ours = `t=${timestamp},v1=${signatureOf(SECRET, String(timestamp), BODY)}`;
    const event = webhooks.constructEvent(
      payload,
      ours,
      SECRET,
      TOLERANCE_SECONDS,
      undefined,
      timestamp * 1_000,
    );
    assert.equal(event.id, "evt_1");
  });

  it("counts when one of several is right, and in any order of parts", () => {
    const wrong = "0".repeat(64);
    assert.equal(stranger(`t=1700000000,v1=${wrong},v1=${VECTOR},v0=${wrong}`), null);
    assert.equal(stranger(`v1=${VECTOR}, t=1700000000`), null);
    assert.equal(stranger(`t=1700000000,v1=${VECTOR}`, ["whsec_new", SECRET]), null);
  });

  const strangers: [title: string, reason: string | null][] = [
    ["another secret", stranger(`t=1700000000,v1=${VECTOR}`, ["whsec_other"])],
    ["no secret", stranger(`t=1700000000,v1=${VECTOR}`, [])],
    ["another body", stranger(`t=1700000000,v1=${VECTOR}`, [SECRET], AT, Buffer.from("{}"))],
    ["another time", stranger(`t=1700000001,v1=${VECTOR}`)],
    ["only the old scheme", stranger(`t=1700000000,v0=${VECTOR}`)],
    ["no time", stranger(`v1=${VECTOR}`)],
    ["a time that is none", stranger(`t=soon,v1=${VECTOR}`)],
    ["half a signature", stranger(`t=1700000000,v1=${VECTOR.slice(0, 32)}`)],
    ["an empty signature", stranger("t=1700000000,v1=")],
    ["capital letters", stranger(`t=1700000000,v1=${VECTOR.toUpperCase()}`)],
    ["no header", strangerBy(signatureHeader({}), BODY, [SECRET], AT)],
    ["two headers", strangerBy(signatureHeader({ "stripe-signature": ["a", "b"] }), BODY, [SECRET], AT)],
  ];
  for (const [title, reason] of strangers) {
    it(`is not believed with ${title}`, () => assert.equal(typeof reason, "string"));
  }

  it("is believed within five minutes of our clock, either way, and no longer", () => {
    const at = (seconds: number) => new Date(AT.getTime() + seconds * 1_000);
    const header = `t=1700000000,v1=${VECTOR}`;
    for (const seconds of [TOLERANCE_SECONDS, -TOLERANCE_SECONDS]) {
      assert.equal(stranger(header, [SECRET], at(seconds)), null);
      assert.match(`${stranger(header, [SECRET], at(seconds + Math.sign(seconds)))}`, /300 seconds/);
    }
  });
});
