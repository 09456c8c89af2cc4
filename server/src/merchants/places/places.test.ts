import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parseId } from "../../kernel/ids.ts";
import { refused } from "../../operators/testing.ts";
import { type MerchantOffice, startMerchantOffice } from "../testing.ts";

let office: MerchantOffice;
let merchant: string;
let secret: string;
let store: { id: string };
let terminal: { id: string };
before(async () => {
  office = await startMerchantOffice();
  merchant = await office.admit("Shopkeeper");
  secret = (await office.keyFor(merchant)).secret;
  const url = `/v1/ops/merchants/${merchant}`;
  const body = { store_no: "S-1", name: "Riverside", place: "12 River Street" };
  store = (await office.call("POST", `${url}/stores`, body)).body;
  await office.call("POST", `${url}/stores`, { store_no: "S-2", name: "Hillside" });
  const till = { serial: "T-9", type: "till", store: "S-1" };
  terminal = (await office.call("POST", `${url}/terminals`, till)).body;
});
after(() => office.close());

const idOf = () => parseId("mch", merchant) as string;

describe("stores and terminals", () => {
  it("are seen by their merchant's key, and by no other's", async () => {
    const stores = await office.call("GET", "/v1/stores", undefined, secret);
    assert.deepEqual(stores.body.data.map((each: { store_no: string }) => each.store_no).sort(), [
      "S-1",
      "S-2",
    ]);
    const terminals = await office.call("GET", "/v1/terminals", undefined, secret);
    assert.deepEqual(terminals.body.data, [terminal]);
    const stranger = (await office.keyFor(await office.admit("Stranger"))).secret;
    assert.deepEqual((await office.call("GET", "/v1/stores", undefined, stranger)).body.data, []);
    assert.equal((await office.call("GET", "/v1/stores")).status, 401);
  });

  it("are named by id or by the merchant's own number, and a terminal brings its store", async () => {
    const place = {
      storeId: parseId("str", store.id),
      storeNo: "S-1",
      terminalId: parseId("trm", terminal.id),
      terminalNo: "T-9",
    };
    assert.deepEqual(await office.merchants.place(idOf(), { terminal: "T-9" }), place);
    assert.deepEqual(await office.merchants.place(idOf(), { terminal: terminal.id, store: store.id }), place);
    assert.deepEqual(await office.merchants.place(idOf(), { store: "S-1" }), {
      ...place,
      terminalId: null,
      terminalNo: null,
    });
    assert.deepEqual(await office.merchants.place(idOf(), {}), {
      storeId: null,
      storeNo: null,
      terminalId: null,
      terminalNo: null,
    });
  });

  it("that are unknown, another merchant's or in another store are refused, naming the field", async () => {
    const stranger = parseId("mch", await office.admit("Another")) as string;
    const cases = [
      [idOf(), { store: "S-7" }, "store"],
      [idOf(), { terminal: "T-7" }, "terminal"],
      [idOf(), { store: "S-2", terminal: "T-9" }, "terminal"],
      [stranger, { store: store.id }, "store"],
      [stranger, { terminal: terminal.id }, "terminal"],
    ] as const;
    for (const [merchantId, named, field] of cases) {
      await assert.rejects(office.merchants.place(merchantId, named), (error: { extras?: object }) => {
        assert.equal((error.extras as { field: string }).field, field);
        return true;
      });
    }
  });

  it("keep their numbers unique within a merchant", async () => {
    const url = `/v1/ops/merchants/${merchant}`;
    const taken = await office.call("POST", `${url}/stores`, { store_no: "S-1", name: "Again" });
    assert.deepEqual(refused(taken), [409, "conflict", "store_no"]);
    const twin = await office.call("POST", `${url}/terminals`, { serial: "T-9", type: "pos", store: "S-2" });
    assert.deepEqual(refused(twin), [409, "conflict", "serial"]);
  });

  const wrong: Record<string, [path: string, body: unknown, field: string]> = {
    "a store without a number": ["stores", { name: "x" }, "store_no"],
    "a store number with spaces": ["stores", { store_no: "a b", name: "x" }, "store_no"],
    "a store number of 33 characters": ["stores", { store_no: "a".repeat(33), name: "x" }, "store_no"],
    "a store without a name": ["stores", { store_no: "S-3" }, "name"],
    "a terminal of an unknown type": ["terminals", { serial: "x", type: "fax", store: "S-1" }, "type"],
    "a terminal in no store": ["terminals", { serial: "x", type: "pos" }, "store"],
    "a terminal in an unknown store": ["terminals", { serial: "x", type: "pos", store: "S-9" }, "store"],
    "a terminal with a strange field": ["terminals", { serial: "x", type: "pos", store: "S-1", x: 1 }, "x"],
  };
  for (const [title, [path, body, field]] of Object.entries(wrong)) {
    it(`refuses ${title}, naming ${field}`, async () => {
      const answer = await office.call("POST", `/v1/ops/merchants/${merchant}/${path}`, body);
      assert.deepEqual(refused(answer), [400, "invalid_request", field]);
    });
  }
});
