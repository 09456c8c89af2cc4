import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { constantTimeEqual, createKeyring, KeyringError } from "./crypto.ts";

const master = randomBytes(32);

describe("a keyring", () => {
  it("opens what it sealed, under the same id alone", async () => {
    const keyring = createKeyring(master);
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), fc.uint8Array(), async (id, other, bytes) => {
        const sealed = await keyring.seal(id, Buffer.from(bytes));
        assert.deepEqual(await keyring.open(id, sealed), Buffer.from(bytes));
        if (other !== id) await assert.rejects(keyring.open(other, sealed), KeyringError);
      }),
      { numRuns: 50 },
    );
  });

  it("seals the same content differently each time, and never in the clear", async () => {
    const keyring = createKeyring(master);
    const secret = Buffer.from("a private key that nobody may read");
    const [first, second] = [await keyring.seal("id", secret), await keyring.seal("id", secret)];
    assert.notDeepEqual(first, second);
    assert.equal(first.includes(secret), false);
  });

  it("refuses a record in which any one byte was altered or cut off", async () => {
    const keyring = createKeyring(master);
    const sealed = await keyring.seal("id", Buffer.from("content"));
    for (let at = 0; at < sealed.length; at += 1) {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] as number) ^ 1;
      await assert.rejects(async () => keyring.open("id", altered), KeyringError, `byte ${at}`);
      await assert.rejects(async () => keyring.open("id", sealed.subarray(0, at)), KeyringError, `cut ${at}`);
    }
  });

  it("a new master key wraps again what the previous one sealed, which can then go", async () => {
    const next = randomBytes(32);
    const old = createKeyring(master);
    const both = createKeyring(next, { previous: [master] });
    const alone = createKeyring(next);
    const sealed = await old.seal("id", Buffer.from("content"));
    assert.equal(old.isStale(sealed), false);
    assert.equal(both.isStale(sealed), true);
    assert.equal((await both.open("id", sealed)).toString(), "content");
    await assert.rejects(alone.open("id", sealed), /unknown here/);
    const rewrapped = await both.rewrap("id", sealed);
    assert.equal(both.isStale(rewrapped), false);
    assert.equal((await alone.open("id", rewrapped)).toString(), "content");
    await assert.rejects(both.rewrap("other id", sealed), KeyringError);
  });

  it("hashes each purpose with a key of its own, and finds hashes of the previous master key", () => {
    const keyring = createKeyring(randomBytes(32), { previous: [master] });
    const [present, previous] = keyring.macs("cards", "4000");
    assert.deepEqual(keyring.mac("cards", "4000"), present);
    assert.deepEqual(createKeyring(master).mac("cards", "4000"), previous);
    assert.notDeepEqual(keyring.mac("cards", "4000"), keyring.mac("names", "4000"));
  });

  it("refuses a master key of another length, and says nothing of it in its errors", async () => {
    assert.throws(() => createKeyring(randomBytes(16)), /32 bytes, not 16/);
    const error = await createKeyring(master)
      .open("id", Buffer.from("garbage"))
      .catch((caught: unknown) => caught);
    assert.ok(error instanceof KeyringError);
    assert.equal(error.message.includes(master.toString("hex")), false);
  });
});

describe("comparing in constant time", () => {
  it("agrees with plain equality, for any lengths", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (left, right) => {
        assert.equal(constantTimeEqual(left, right), left === right);
        assert.equal(constantTimeEqual(left, Buffer.from(left)), true);
      }),
    );
  });
});
