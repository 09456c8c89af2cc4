import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HOUR, plus, SECOND } from "../../kernel/clock.ts";
import { refused } from "../../operators/testing.ts";
import { type MerchantOffice, startMerchantOffice } from "../testing.ts";

let office: MerchantOffice;
let merchant: string;
before(async () => {
  office = await startMerchantOffice();
  merchant = await office.admit("Key holder");
});
after(() => office.close());

const whoAmI = (secret: string) => office.call("GET", "/v1/merchant", undefined, secret);
const keys = (path = "") => `/v1/ops/merchants/${merchant}/api_keys${path}`;

describe("an API key", () => {
  it("speaks for its merchant, and for it alone", async () => {
    const other = await office.admit("Somebody else");
    const mine = await office.keyFor(merchant);
    const theirs = await office.keyFor(other);
    assert.equal((await whoAmI(mine.secret)).body.id, merchant);
    assert.equal((await whoAmI(theirs.secret)).body.id, other);
    assert.equal((await office.call("POST", keys(`/${theirs.id}/revoke`))).status, 404);
    assert.equal((await office.call("GET", "/v1/ops/merchants", undefined, mine.secret)).status, 401);
    assert.equal((await whoAmI(office.token)).status, 401);
  });

  it("is shown once: lists, logs, errors and the audit log know only its beginning", async () => {
    const { id, secret } = await office.keyFor(merchant);
    assert.match(secret, /^sk_[0-9a-f]{64}$/);
    await whoAmI(secret);
    await office.call("POST", keys(`/${id}/revoke`));
    office.deps.clock.move(SECOND);
    const texts = [
      (await office.call("GET", keys())).text,
      (await office.call("GET", "/v1/ops/audit")).text,
      (await whoAmI(secret)).text,
      office.logged.join(""),
    ];
    for (const text of texts) assert.equal(text.includes(secret.slice(12)), false);
  });

  it("rotated works on until the overlap ends, beside the one that replaces it", async () => {
    const old = await office.keyFor(merchant);
    const rotated = await office.call("POST", keys(`/${old.id}/rotate`), { overlap_hours: 2 });
    assert.equal(rotated.status, 201, rotated.text);
    assert.equal(rotated.body.rotated_from, old.id);
    office.deps.clock.move(2 * HOUR - SECOND);
    assert.equal((await whoAmI(old.secret)).status, 200);
    assert.equal((await whoAmI(rotated.body.secret)).status, 200);
    office.deps.clock.move(SECOND);
    assert.equal((await whoAmI(old.secret)).status, 401);
    assert.equal((await whoAmI(rotated.body.secret)).status, 200);
    const again = await office.call("POST", keys(`/${old.id}/rotate`));
    assert.deepEqual(refused(again).slice(0, 2), [409, "conflict"]);
  });

  it("rotated without an overlap ends at once, and a rotation never lengthens a life", async () => {
    const old = await office.keyFor(merchant);
    assert.equal((await whoAmI(old.secret)).status, 200);
    await office.call("POST", keys(`/${old.id}/rotate`), { overlap_hours: 0 });
    assert.equal((await whoAmI(old.secret)).status, 401);

    const soon = plus(office.deps.clock.now(), HOUR).toISOString();
    const short = await office.keyFor(merchant, { expires_at: soon });
    await office.call("POST", keys(`/${short.id}/rotate`), { overlap_hours: 24 });
    const listed = (await office.call("GET", `${keys()}?limit=100`)).body.data;
    assert.equal(listed.find((each: { id: string }) => each.id === short.id).expires_at, soon);
  });

  it("revoked is out at once", async () => {
    const { id, secret } = await office.keyFor(merchant);
    assert.equal((await whoAmI(secret)).status, 200);
    const revoked = await office.call("POST", keys(`/${id}/revoke`));
    assert.equal(revoked.body.state, "revoked");
    assert.equal((await whoAmI(secret)).status, 401);
    const again = await office.call("POST", keys(`/${id}/revoke`));
    assert.deepEqual([again.status, again.body.revoked_at], [200, revoked.body.revoked_at]);
  });

  it("that is unknown, expired or revoked gets one answer; only the log tells which", async () => {
    const expiring = await office.keyFor(merchant, {
      expires_at: plus(office.deps.clock.now(), HOUR).toISOString(),
    });
    const revoked = await office.keyFor(merchant);
    await office.call("POST", keys(`/${revoked.id}/revoke`));
    office.deps.clock.move(HOUR);
    office.logged.length = 0;
    const answers = [];
    for (const secret of [`sk_${"9".repeat(64)}`, expiring.secret, revoked.secret]) {
      const { status, body } = await whoAmI(secret);
      answers.push({ status, body: { ...body, request_id: null } });
    }
    assert.equal(answers[0]?.status, 401);
    assert.deepEqual(answers[1], answers[0]);
    assert.deepEqual(answers[2], answers[0]);
    const reasons = office.logged.map((line) => JSON.parse(line).reason).filter(Boolean);
    assert.deepEqual(reasons, ["unknown", "expired", "revoked"]);
  });

  it("asked for twice with one Idempotency-Key is one key, and its secret is not repeated", async () => {
    const send = () =>
      office.http.inject({
        method: "POST",
        url: keys(),
        headers: { authorization: `Bearer ${office.token}`, "idempotency-key": "one key" },
        payload: { label: "once" },
      });
    const [first, second] = [await send(), await send()];
    assert.deepEqual([first.statusCode, second.statusCode], [201, 200]);
    assert.equal(second.json().id, first.json().id);
    assert.equal(second.json().secret, null);
  });

  const wrong: Record<string, [body: unknown, field: string]> = {
    "no label": [{}, "label"],
    "a blank label": [{ label: " " }, "label"],
    "an expiry that is no instant": [{ label: "x", expires_at: "tomorrow" }, "expires_at"],
    "an expiry in the past": [{ label: "x", expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    "a secret of one's own": [{ label: "x", secret: "sk_mine" }, "secret"],
  };
  for (const [title, [body, field]] of Object.entries(wrong)) {
    it(`refuses ${title}, naming ${field}`, async () => {
      assert.deepEqual(refused(await office.call("POST", keys(), body)), [400, "invalid_request", field]);
    });
  }

  it("refuses an overlap beyond its bound", async () => {
    const { id } = await office.keyFor(merchant);
    for (const overlap_hours of [-1, 721, 1.5, "24"]) {
      const answer = await office.call("POST", keys(`/${id}/rotate`), { overlap_hours });
      assert.deepEqual(refused(answer), [400, "invalid_request", "overlap_hours"]);
    }
  });
});
