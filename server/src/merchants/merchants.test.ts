import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SECOND } from "../kernel/clock.ts";
import { parseId } from "../kernel/ids.ts";
import { ascending, refused } from "../operators/testing.ts";
import { creditLineOf } from "./model.ts";
import { type MerchantOffice, startMerchantOffice } from "./testing.ts";

let office: MerchantOffice;
let finance: string;
let risk: string;
before(async () => {
  office = await startMerchantOffice();
  finance = await office.hire("finance", "finance");
  risk = await office.hire("risk", "risk");
});
after(() => office.close());

const idOf = (text: string) => parseId("mch", text) as string;

describe("a merchant", () => {
  it("has its book from the start, in the currencies that it settles in", async () => {
    const made = await office.call("POST", "/v1/ops/merchants", {
      name: "Tea House",
      legal_name: "Tea House Limited",
      fee_rate_millionths: 6_000,
      currencies: ["USD", "CNY"],
    });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.body.status, "active");
    assert.deepEqual(made.body.currencies, [
      { currency: "CNY", credit_line: 0 },
      { currency: "USD", credit_line: 0 },
    ]);
    assert.deepEqual(office.books.at(-1), { merchantId: idOf(made.body.id), currencies: ["CNY", "USD"] });
    const found = await office.call("GET", `/v1/ops/merchants/${made.body.id}`);
    assert.deepEqual(found.body, made.body);
  });

  it("whose book could not be opened waits, and the first use finishes it", async () => {
    office.trouble.cellIsAway = true;
    const body = { name: "Halfway", legal_name: "Halfway Limited", fee_rate_millionths: 0 };
    assert.equal((await office.call("POST", "/v1/ops/merchants", body)).status, 500);
    const [row] = (await office.call("GET", "/v1/ops/merchants?q=halfway")).body.data;
    assert.equal(row.status, "opening");
    await assert.rejects(office.anotherProcess().get(idOf(row.id)), /the cell is away/);
    office.trouble.cellIsAway = false;
    const opened = await office.anotherProcess().get(idOf(row.id));
    assert.equal(opened?.status, "active");
    assert.deepEqual(office.books.at(-1), { merchantId: idOf(row.id), currencies: ["CNY"] });
    const openings = office.books.length;
    await office.anotherProcess().get(idOf(row.id));
    assert.equal(office.books.length, openings);
  });

  it("is made once by a request that is sent twice", async () => {
    const send = () =>
      office.http.inject({
        method: "POST",
        url: "/v1/ops/merchants",
        headers: { authorization: `Bearer ${office.token}`, "idempotency-key": "one merchant" },
        payload: { name: "Once", legal_name: "Once Limited", fee_rate_millionths: 1 },
      });
    const answers = await Promise.all([send(), send(), send()]);
    assert.deepEqual(answers.map((each) => each.statusCode).sort(ascending), [200, 200, 201]);
    assert.equal(new Set(answers.map((each) => each.json().id)).size, 1);
  });

  it("is changed only from its present revision; the audit row shows what differs", async () => {
    const id = await office.admit("Changing");
    const url = `/v1/ops/merchants/${id}`;
    const changed = await office.call("PATCH", url, { revision: 1, fee_rate_millionths: 5_500 });
    assert.deepEqual([changed.status, changed.body.revision], [200, 2]);
    const stale = await office.call("PATCH", url, { revision: 1, name: "Late" });
    assert.deepEqual(refused(stale), [409, "conflict", "revision"]);
    assert.equal(stale.body.revision, 2);
    const audit = await office.call("GET", `/v1/ops/audit?subject=${id}&action=merchant.updated`);
    const [row] = audit.body.data;
    assert.equal(row.before.fee_rate_millionths, 6_000);
    assert.equal(row.after.fee_rate_millionths, 5_500);
    assert.equal("name" in row.after, false);
  });

  it("gains currencies, with their accounts opened first, and loses none", async () => {
    const id = await office.admit("Growing");
    const grown = await office.call("PATCH", `/v1/ops/merchants/${id}`, {
      revision: 1,
      currencies: ["CNY", "HKD"],
    });
    assert.equal(grown.status, 200, grown.text);
    assert.deepEqual(office.books.at(-1), { merchantId: idOf(id), currencies: ["CNY", "HKD"] });
    const openings = office.books.length;
    const stale = await office.call("PATCH", `/v1/ops/merchants/${id}`, { revision: 1, currencies: ["USD"] });
    assert.deepEqual(refused(stale), [409, "conflict", "revision"]);
    const shrunk = await office.call("PATCH", `/v1/ops/merchants/${id}`, {
      revision: 2,
      currencies: ["HKD"],
    });
    assert.deepEqual(refused(shrunk), [400, "invalid_request", "currencies"]);
    assert.equal(office.books.length, openings);
  });

  it("when suspended takes no new payment, while its keys still read", async () => {
    const id = await office.admit("Suspended");
    const { secret } = await office.keyFor(id);
    await office.call("PATCH", `/v1/ops/merchants/${id}`, { revision: 1, status: "suspended" });
    const mine = await office.call("GET", "/v1/merchant", undefined, secret);
    assert.deepEqual([mine.status, mine.body.status], [200, "suspended"]);
    const merchant = await office.merchants.get(idOf(id));
    assert.ok(merchant !== null);
    assert.throws(() => office.merchants.requireActive(merchant), { code: "forbidden" });
  });

  it("is found by any part of its names or by its id, page by page", async () => {
    const ids = [];
    for (const number of [1, 2, 3]) ids.unshift(await office.admit(`50%_off Shop ${number}`));
    const first = await office.call("GET", `/v1/ops/merchants?q=${encodeURIComponent("50%_OFF")}&limit=2`);
    const second = await office.call(
      "GET",
      `/v1/ops/merchants?q=${encodeURIComponent("50%_OFF")}&limit=2&cursor=${first.body.next_cursor}`,
    );
    const found = [...first.body.data, ...second.body.data].map((each: { id: string }) => each.id);
    assert.deepEqual(found.sort(), ids.sort());
    assert.equal(second.body.next_cursor, null);
    assert.equal((await office.call("GET", "/v1/ops/merchants?q=50x_off")).body.data.length, 0);
    assert.equal((await office.call("GET", `/v1/ops/merchants?q=${ids[0]}`)).body.data.length, 1);
  });

  it("seen by another process is at most a second old", async () => {
    const id = await office.admit("Cached");
    const other = office.anotherProcess();
    assert.equal((await other.get(idOf(id)))?.name, "Cached");
    await office.call("PATCH", `/v1/ops/merchants/${id}`, { revision: 1, name: "Fresh" });
    assert.equal((await office.merchants.get(idOf(id)))?.name, "Fresh");
    office.deps.clock.move(SECOND);
    assert.equal((await other.get(idOf(id)))?.name, "Fresh");
  });

  const good = { name: "x", legal_name: "x", fee_rate_millionths: 1 };
  const wrong: Record<string, [body: unknown, field: string]> = {
    "an empty body": [{}, "name"],
    "a blank name": [{ ...good, name: "  " }, "name"],
    "a number for a name": [{ ...good, name: 1 }, "name"],
    "no legal name": [{ name: "x", fee_rate_millionths: 1 }, "legal_name"],
    "a rate that is a string": [{ ...good, fee_rate_millionths: "6000" }, "fee_rate_millionths"],
    "a fractional rate": [{ ...good, fee_rate_millionths: 0.5 }, "fee_rate_millionths"],
    "a negative rate": [{ ...good, fee_rate_millionths: -1 }, "fee_rate_millionths"],
    "a rate above one": [{ ...good, fee_rate_millionths: 1_000_001 }, "fee_rate_millionths"],
    "no currency": [{ ...good, currencies: [] }, "currencies"],
    "a currency in small letters": [{ ...good, currencies: ["cny"] }, "currencies.0"],
    "a currency that does not exist": [{ ...good, currencies: ["CNY", "QQQ"] }, "currencies.1"],
    "the same currency twice": [{ ...good, currencies: ["CNY", "CNY"] }, "currencies"],
    "a field that does not exist": [{ ...good, credit_line: 5 }, "credit_line"],
  };
  for (const [title, [body, field]] of Object.entries(wrong)) {
    it(`refuses ${title}, naming ${field}, and makes nothing`, async () => {
      const openings = office.books.length;
      const answer = await office.call("POST", "/v1/ops/merchants", body);
      assert.deepEqual(refused(answer), [400, "invalid_request", field]);
      assert.equal(office.books.length, openings);
    });
  }

  it("that does not exist is a 404 everywhere below it", async () => {
    const nobody = `mch_${"0".repeat(26)}`;
    for (const path of ["", "/stores", "/terminals", "/api_keys"]) {
      assert.equal((await office.call("GET", `/v1/ops/merchants/${nobody}${path}`)).status, 404, path);
    }
    assert.equal((await office.call("GET", "/v1/ops/merchants/1%27%20or%201=1")).status, 404);
  });
});

describe("a credit line", () => {
  const set = (id: string, amount: bigint) => {
    const body = { currency: "CNY", amount: Number(amount) };
    return office.call("POST", `/v1/ops/merchants/${id}/credit_lines`, body, finance);
  };
  const present = async (id: string) => {
    const found = await office.call("GET", `/v1/ops/merchants/${id}`);
    return found.body.currencies[0].credit_line;
  };

  it("is raised only by a second person, and lowered at once", async () => {
    const id = await office.admit("Borrower");
    const proposed = await set(id, 50_000n);
    assert.equal(proposed.status, 202, proposed.text);
    assert.equal(await present(id), 0);
    const url = `/v1/ops/approvals/${proposed.body.id}/approve`;
    assert.deepEqual(refused(await office.call("POST", url, undefined, finance)).slice(0, 2), [
      403,
      "second_person_required",
    ]);
    const approved = await office.call("POST", url, undefined, risk);
    assert.deepEqual([approved.status, approved.body.status], [200, "carried_out"], approved.text);
    assert.equal(await present(id), 50_000);
    const merchant = await office.merchants.get(idOf(id));
    assert.ok(merchant !== null);
    assert.equal(creditLineOf(merchant, "CNY"), 50_000n);
    assert.equal(creditLineOf(merchant, "USD"), 0n);
    const lowered = await set(id, 100n);
    assert.deepEqual([lowered.status, await present(id)], [200, 100]);
  });

  it("approved after it was changed meanwhile stays as it is", async () => {
    const id = await office.admit("Changed meanwhile");
    const first = await set(id, 100n);
    await office.call("POST", `/v1/ops/approvals/${first.body.id}/approve`, undefined, risk);
    const second = await set(id, 900n);
    await set(id, 0n);
    const late = await office.call("POST", `/v1/ops/approvals/${second.body.id}/approve`, undefined, risk);
    assert.deepEqual(refused(late).slice(0, 2), [409, "conflict"]);
    assert.equal(await present(id), 0);
  });

  const wrong: Record<string, [body: unknown, field: string]> = {
    "a string": [{ currency: "CNY", amount: "5" }, "amount"],
    "a negative amount": [{ currency: "CNY", amount: -1 }, "amount"],
    "an amount beyond exact integers": [{ currency: "CNY", amount: 2 ** 53 }, "amount"],
    "a currency that the merchant does not settle in": [{ currency: "USD", amount: 1 }, "currency"],
  };
  for (const [title, [body, field]] of Object.entries(wrong)) {
    it(`refuses ${title}, naming ${field}`, async () => {
      const id = await office.admit("Wrong line");
      const answer = await office.call("POST", `/v1/ops/merchants/${id}/credit_lines`, body);
      assert.deepEqual(refused(answer), [400, "invalid_request", field]);
    });
  }
});
