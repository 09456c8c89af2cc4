import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MINUTE, plus, systemRandom } from "../kernel/clock.ts";
import { createKeyring } from "../kernel/crypto.ts";
import { newOrderState, readOrderState } from "./order/state.ts";
import { newScanToken, readScanToken } from "./scan/token.ts";

const keyring = createKeyring(Buffer.alloc(32, 1));
const stranger = createKeyring(Buffer.alloc(32, 2));
const successor = createKeyring(Buffer.alloc(32, 3), { previous: [Buffer.alloc(32, 1)] });
const now = new Date("2026-11-20T02:00:00Z");
const plate = { id: "01940000-0000-7000-8000-000000000001", version: 3 };
const paymentId = "01940000-0000-7000-8000-0000000000ab";

/** The text with another character in one place. */
const changed = (text: string, at: number) =>
  text.slice(0, at) + (text[at] === "0" ? "1" : "0") + text.slice(at + 1);

describe("the token of a scan", () => {
  const token = newScanToken(keyring, systemRandom, plate, now);

  it("carries one scan of one version of one plate, for half an hour", () => {
    const scan = readScanToken(keyring, token, plate, plus(now, 30 * MINUTE));
    assert.match(scan?.nonce ?? "", /^[0-9a-f]{24}$/);
    assert.deepEqual(readScanToken(successor, token, plate, now), scan, "after the master key was replaced");
    assert.equal(readScanToken(keyring, token, plate, plus(now, 31 * MINUTE)), null);
    assert.equal(readScanToken(keyring, token, { ...plate, version: 4 }, now), null);
    assert.equal(readScanToken(keyring, token, { ...plate, id: paymentId }, now), null);
    assert.equal(readScanToken(stranger, token, plate, now), null);
  });

  it("is another one for each scan", () => {
    const other = newScanToken(keyring, systemRandom, plate, now);
    const nonces = [token, other].map((one) => readScanToken(keyring, one, plate, now)?.nonce);
    assert.notEqual(nonces[0], nonces[1]);
  });

  it("changed anywhere is none", () => {
    for (let at = 0; at < token.length; at += 1) {
      assert.equal(readScanToken(keyring, changed(token, at), plate, now), null, `at ${at}`);
    }
    for (const wrong of ["", "x", `${token}A`, token.slice(1)]) {
      assert.equal(readScanToken(keyring, wrong, plate, now), null);
    }
  });
});

describe("what goes with a browser to a wallet's page", () => {
  const text = newOrderState(keyring, systemRandom, paymentId, now);

  it("is letters and digits, no more than WeChat takes, and names its payment", () => {
    assert.match(text, /^[0-9a-z]{1,128}$/);
    const read = readOrderState(keyring, text, plus(now, 5 * MINUTE));
    assert.deepEqual([read?.state.paymentId, read?.late], [paymentId, false]);
    assert.equal(readOrderState(keyring, text, plus(now, 6 * MINUTE))?.late, true);
    assert.equal(readOrderState(stranger, text, now), null);
  });

  it("changed anywhere is none", () => {
    for (let at = 0; at < text.length; at += 1) {
      assert.equal(readOrderState(keyring, changed(text, at), now), null, `at ${at}`);
    }
  });
});
