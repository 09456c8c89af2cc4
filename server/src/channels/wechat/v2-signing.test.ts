import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { API_V2_KEY } from "./testing.ts";
import { isV2Signed, v2Signature } from "./v2-signing.ts";

/** The documentation's own example. */
const FIELDS = {
  appid: "wxd930ea5d5a258f4f",
  mch_id: "10000100",
  device_info: "1000",
  body: "test",
  nonce_str: "ibuaiVcKdpRxkhJA",
};
const SIGN = "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6";

describe("the signature of v2", () => {
  it("is the documentation's", () => assert.equal(v2Signature(FIELDS, API_V2_KEY), SIGN));
  it("leaves empty fields and itself out", () => {
    assert.equal(v2Signature({ ...FIELDS, attach: "", sign: "x" }, API_V2_KEY), SIGN);
  });
  const cases: Record<string, readonly [fields: Record<string, string>, right: boolean]> = {
    "as it was made": [{ ...FIELDS, sign: SIGN }, true],
    "over other fields": [{ ...FIELDS, body: "Test", sign: SIGN }, false],
    "by MD5": [{ ...FIELDS, sign: "9A0A8659F005D6984697E2CA0A9CF3B7" }, false],
    "in small letters": [{ ...FIELDS, sign: SIGN.toLowerCase() }, false],
    missing: [FIELDS, false],
  };
  for (const [title, [fields, right]] of Object.entries(cases)) {
    it(`${title} is ${right ? "right" : "wrong"}`, () => {
      assert.equal(isV2Signed(fields, API_V2_KEY), right);
    });
  }
});
