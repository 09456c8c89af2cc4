import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { returnUrl } from "./view.ts";

describe("the way back to the shop", () => {
  const to = (address: string | undefined) =>
    returnUrl({
      id: "0195f3a0-0000-7000-8000-000000000001",
      status: "succeeded",
      request: JSON.stringify({ return_url: address }),
    });

  test("keeps the shop's own query and fragment, and its own word for ours is replaced", () => {
    const url = new URL(to("https://shop.example/back?cart=7&status=mine#thanks") ?? "");
    assert.deepEqual([url.searchParams.get("cart"), url.hash], ["7", "#thanks"]);
    assert.deepEqual(url.searchParams.getAll("status"), ["succeeded"]);
    assert.match(url.searchParams.get("payment_id") ?? "", /^pay_/);
  });

  test("leaves alone what is no address, and is none where the shop has named none", () => {
    assert.deepEqual([to("nowhere"), to(undefined)], ["nowhere", null]);
  });
});
