import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type Answer,
  type Json,
  startTestPlatform,
  type TestPlatform,
} from "../../../tools/testing/platform.ts";
import { decidePlate, PLATE_STATES, type Plate, type PlateChange } from "./model.ts";
import { activePlate, blanks, ok } from "./testing.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(() => platform.stop());

const step = (plate: Json, what: string, body: object = {}): Promise<Answer> =>
  platform.ops("POST", `/v1/ops/plates/${plate.id}/${what}`, { version: plate.version, ...body });
const bind = (plate: Json, terms: object = {}): Promise<Answer> =>
  step(plate, "bind", {
    merchant_id: platform.demo.merchant_id,
    currency: "CNY",
    amount: 500,
    subject: "Tea",
    ...terms,
  });
const refusal = (answer: Answer) => [answer.status, answer.body.code, answer.body.field ?? null];
const newMerchant = (): Promise<Json> =>
  ok(
    platform.ops("POST", "/v1/ops/merchants", {
      name: "Second",
      legal_name: "Second Ltd.",
      fee_rate_millionths: 6_000,
      currencies: ["CNY"],
    }),
  );

describe("a batch", () => {
  test("is as many blanks as were asked for, numbered, each with a code of its own", async () => {
    const plates = await blanks(platform, 60);
    assert.deepEqual(
      plates.map(({ number }) => number).toSorted((a, b) => a - b),
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    assert.equal(new Set(plates.map(({ code }) => code)).size, 60);
    const { state, version, merchant_id, amount, currency } = plates[0];
    assert.deepEqual([state, version, merchant_id, amount, currency], ["blank", 1, null, null, null]);
    assert.match(plates[0].code, /^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
  });

  test("asked for twice under one key is made once", async () => {
    const headers = {
      authorization: `Bearer ${platform.demo.operator_token}`,
      "content-type": "application/json",
      "idempotency-key": "spring",
    };
    const make = async () => {
      const body = JSON.stringify({ label: "Once", count: 3 });
      const answer = await fetch(`${platform.baseUrl}/v1/ops/plate_batches`, {
        method: "POST",
        headers,
        body,
      });
      return [answer.status, ((await answer.json()) as Json).id] as const;
    };
    const [first, second] = [await make(), await make()];
    assert.deepEqual([first[0], second[0], first[1] === second[1]], [201, 200, true]);
    const { data } = await ok(platform.ops("GET", `/v1/ops/plates?batch=${first[1]}`));
    assert.equal(data.length, 3);
  });

  for (const count of [0, -1, 1_001, 1.5, "5"]) {
    test(`of ${JSON.stringify(count)} is refused`, async () => {
      const answer = await platform.ops("POST", "/v1/ops/plate_batches", { label: "x", count });
      assert.deepEqual(refusal(answer), [400, "invalid_request", "count"]);
    });
  }

  test("of a thousand can be made and listed page by page", async () => {
    const batch = await ok(platform.ops("POST", "/v1/ops/plate_batches", { label: "Big", count: 1_000 }));
    const seen = new Set<string>();
    let cursor = "";
    do {
      const page = await ok(platform.ops("GET", `/v1/ops/plates?batch=${batch.id}&limit=100${cursor}`));
      for (const plate of page.data) seen.add(plate.id);
      cursor = page.next_cursor === null ? "" : `&cursor=${page.next_cursor}`;
    } while (cursor !== "");
    assert.equal(seen.size, 1_000);
  });
});

describe("a plate's life", () => {
  test("from blank to disabled, each version kept with who made it and why", async () => {
    const [blank] = await blanks(platform, 1);
    const bound = await ok(bind(blank));
    const opening = await ok(step(bound, "open", { note: "asked the bank" }));
    const active = await ok(step(opening, "activate"));
    const cheaper = await ok(
      platform.ops("PATCH", `/v1/ops/plates/${active.id}`, { version: active.version, amount: null }),
    );
    const disabled = await ok(step(cheaper, "disable", { note: "stolen" }));
    assert.deepEqual([disabled.state, disabled.version, disabled.amount], ["disabled", 6, null]);
    const { data } = await ok(platform.ops("GET", `/v1/ops/plates/${blank.id}/history`));
    assert.deepEqual(
      data.map((one: Json) => [one.version, one.action, one.state, one.amount, one.note, one.operator.name]),
      [
        [6, "disabled", "disabled", null, "stolen", "bootstrap"],
        [5, "changed", "active", null, null, "bootstrap"],
        [4, "activated", "active", 500, null, "bootstrap"],
        [3, "opening", "opening", 500, "asked the bank", "bootstrap"],
        [2, "bound", "bound", 500, null, "bootstrap"],
        [1, "made", "blank", null, null, "bootstrap"],
      ],
    );
    const page = await ok(platform.ops("GET", `/v1/ops/plates/${blank.id}/history?limit=4`));
    const rest = `/v1/ops/plates/${blank.id}/history?limit=4&cursor=${page.next_cursor}`;
    assert.deepEqual(
      (await ok(platform.ops("GET", rest))).data.map((one: Json) => one.version),
      [2, 1],
    );
    const audit = await ok(platform.ops("GET", `/v1/ops/audit?subject=${blank.id}`));
    assert.deepEqual(audit.data.map((row: Json) => row.action).toSorted(), [
      "plate.activated",
      "plate.bound",
      "plate.changed",
      "plate.disabled",
      "plate.opening",
    ]);
  });

  test("a change of an earlier version is refused, and of two at once one is made", async () => {
    const [blank] = await blanks(platform, 1);
    assert.deepEqual(refusal(await step({ ...blank, version: 2 }, "disable")), [409, "conflict", "version"]);
    const answers = await Promise.all([bind(blank), bind(blank, { subject: "Other" }), bind(blank)]);
    const statuses = answers.map(({ status }) => status);
    assert.deepEqual(
      statuses.toSorted((a, b) => a - b),
      [200, 409, 409],
    );
  });

  test("moved within the merchant it goes on; moved to another it must be opened there first", async () => {
    const url = `/v1/ops/merchants/${platform.demo.merchant_id}`;
    const { id: store } = await ok(platform.ops("POST", `${url}/stores`, { store_no: "M-1", name: "Hill" }));
    const plate = await activePlate(platform);
    const moved = await ok(step(plate, "move", { store: "M-1" }));
    assert.deepEqual([moved.state, moved.store], ["active", store]);
    const second = await newMerchant();
    assert.deepEqual(refusal(await step(moved, "move", { merchant_id: second.id, store: "M-1" })), [
      400,
      "invalid_request",
      "store",
    ]);
    const given = await ok(step(moved, "move", { merchant_id: second.id }));
    assert.deepEqual([given.state, given.merchant_id, given.store], ["bound", second.id, null]);
    const dead = await step(given, "activate");
    assert.deepEqual(refusal(dead), [409, "conflict", null], "the merchant has no channel account");
    assert.equal((await platform.api("GET", `/v1/plates/${plate.id}`)).status, 404);
  });

  test("a terminal brings its store", async () => {
    const url = `/v1/ops/merchants/${platform.demo.merchant_id}`;
    await ok(platform.ops("POST", `${url}/stores`, { store_no: "M-2", name: "Quay" }));
    const till = { serial: "P-9", type: "plate", store: "M-2" };
    const terminal = await ok(platform.ops("POST", `${url}/terminals`, till));
    const [blank] = await blanks(platform, 1);
    const bound = await ok(bind(blank, { terminal: "P-9" }));
    assert.deepEqual([bound.terminal, bound.store], [terminal.id, terminal.store]);
  });

  const wrong: Record<string, [terms: object, refused: unknown[]]> = {
    "an unknown merchant": [
      { merchant_id: "mch_00000000000000000000000000" },
      [400, "invalid_request", "merchant_id"],
    ],
    "no merchant's id": [{ merchant_id: "x" }, [400, "invalid_request", "merchant_id"]],
    "an unknown store": [{ store: "nowhere" }, [400, "invalid_request", "store"]],
    "a currency that the merchant has not": [
      { currency: "USD" },
      [422, "currency_not_supported", "currency"],
    ],
    "an amount of nothing": [{ amount: 0 }, [400, "invalid_request", "amount"]],
    "an amount with decimals": [{ amount: 1.5 }, [400, "invalid_request", "amount"]],
    "no subject": [{ subject: " " }, [400, "invalid_request", "subject"]],
    "a strange field": [{ colour: "red" }, [400, "invalid_request", "colour"]],
  };
  for (const [title, [terms, refused]] of Object.entries(wrong)) {
    test(`binding with ${title} is refused, and the plate stays blank`, async () => {
      const [blank] = await blanks(platform, 1);
      assert.deepEqual(refusal(await bind(blank, terms)), refused);
      assert.equal((await ok(platform.ops("GET", `/v1/ops/plates/${blank.id}`))).version, 1);
    });
  }
});

describe("what each state allows", () => {
  const terms = { storeId: null, terminalId: null, currency: "CNY", amount: null, subject: "Tea" };
  const plate: Plate = {
    ...terms,
    merchantId: "m1",
    id: "p",
    code: "c",
    batchId: "b",
    number: 1,
    version: 1,
    state: "blank",
    createdAt: new Date(0),
    updatedAt: new Date(0),
  };
  const changes: readonly PlateChange[] = [
    { action: "bound", terms: { ...terms, merchantId: "m1" } },
    { action: "opening" },
    { action: "activated" },
    { action: "changed", terms },
    { action: "moved", terms: { merchantId: "m2", storeId: null, terminalId: null } },
    { action: "disabled" },
  ];
  const becomes: Readonly<Record<(typeof PLATE_STATES)[number], readonly (string | null)[]>> = {
    blank: ["bound", null, null, null, null, "disabled"],
    bound: [null, "opening", "active", "bound", "bound", "disabled"],
    opening: [null, null, "active", "opening", "bound", "disabled"],
    active: [null, null, null, "active", "bound", "disabled"],
    disabled: [null, null, null, null, null, null],
  };
  for (const state of PLATE_STATES) {
    test(state, () => {
      const after = changes.map((change) => {
        const decision = decidePlate({ ...plate, state }, change);
        return "refused" in decision ? null : decision.state;
      });
      assert.deepEqual(after, becomes[state]);
    });
  }
});

describe("who sees plates", () => {
  test("a merchant sees its own alone", async () => {
    const own = await activePlate(platform);
    const [blank] = await blanks(platform, 1);
    const { data } = await ok(platform.api("GET", "/v1/plates?limit=100&state=active"));
    assert.ok(data.some((plate: Json) => plate.id === own.id));
    assert.ok(data.every((plate: Json) => plate.merchant_id === platform.demo.merchant_id));
    assert.equal((await platform.api("GET", `/v1/plates/${own.id}`)).status, 200);
    assert.equal((await platform.api("GET", `/v1/plates/${blank.id}`)).status, 404);
    assert.equal((await platform.api("GET", "/v1/plates", undefined, null)).status, 401);
    assert.equal((await platform.api("GET", "/v1/ops/plates")).status, 401);
  });

  test("an operator who only looks changes none", async () => {
    const hired = { name: "looker", roles: ["viewer"] };
    const { token } = await ok(platform.ops("POST", "/v1/ops/operators", hired));
    const [blank] = await blanks(platform, 1);
    const path = `/v1/ops/plates/${blank.id}`;
    assert.equal((await platform.api("GET", path, undefined, token)).status, 200);
    const refused = await platform.api("POST", `${path}/disable`, { version: 1 }, token);
    assert.deepEqual(refusal(refused), [403, "forbidden", null]);
    const batch = await platform.api("POST", "/v1/ops/plate_batches", { label: "x", count: 1 }, token);
    assert.equal(batch.status, 403);
  });
});

describe("what a till has scanned", () => {
  const recognised = (code: string): Promise<Json> =>
    ok(platform.api("POST", "/v1/codes/recognise", { code }));

  test("a payment code, taken here or not", async () => {
    const taken = await recognised("134567890123456789");
    assert.deepEqual([taken.kind, taken.channel, taken.accepted], ["payment_code", "wechat", true]);
    const other = await recognised("911234567890123456");
    assert.deepEqual([other.kind, other.channel, other.accepted], ["payment_code", "qq", false]);
    assert.match(other.detail, /QQ Wallet, which is not taken here/);
  });

  test("a plate by its address or its print, and a payment's address", async () => {
    const plate = await activePlate(platform);
    for (const code of [plate.url, plate.code, plate.code.toLowerCase()]) {
      const { kind, plate: id } = await recognised(code);
      assert.deepEqual([kind, id], ["plate", plate.id], code);
    }
    const [blank] = await blanks(platform, 1);
    assert.equal((await recognised(blank.url)).plate, undefined);
    const payment = await ok(platform.pay());
    const { kind, payment: id } = await recognised(payment.scan_url);
    assert.deepEqual([kind, id], ["payment", payment.id]);
  });

  test("an EMVCo code, and where one is damaged", async () => {
    const code =
      "00020101021215310102030401020304898310148160001520458125303156540512.345802CN5909TEST SHOP" +
      "6008SHENZHEN62280112T2026112000107080000000163046939";
    const { kind, emvco } = await recognised(code);
    assert.deepEqual([kind, emvco.amount, emvco.merchant_name], ["emvco_merchant", 1234, "TEST SHOP"]);
    const damaged = await recognised(code.replace("TEST", "TASK"));
    assert.deepEqual([damaged.kind, damaged.fault.tag], ["unknown", "63"]);
    assert.equal((await recognised("hQVDUFYwMWEWTwigAAADMwEBAVcKYiVzUFMgFhUgLw==")).kind, "emvco_consumer");
  });

  for (const code of ["161234567890123456", "https://example.com/q/x", "hello", "0000-0000-0000-0001"]) {
    test(`${code} is of no kind that is known, and it says so`, async () => {
      const { kind, detail } = await recognised(code);
      assert.equal(kind, "unknown");
      assert.match(detail, /no kind that is known here/);
    });
  }
});
