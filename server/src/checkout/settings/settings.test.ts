import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { readImage } from "./image.ts";

/** One pixel. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>').toString(
  "base64",
);

let platform: TestPlatform;
let ours: string;
before(async () => {
  platform = await startTestPlatform();
  ours = `/v1/ops/merchants/${(await platform.api("GET", "/v1/merchant")).body.id}/cashier`;
});
after(() => platform.stop());

const plain = { display_name: null, colour: null, methods: [], hidden: [] };
const present = async (): Promise<Json> => (await platform.api("GET", "/v1/cashier")).body;
/** Replaces the settings, based on what they are. */
const set = async (wanted: Record<string, unknown>) =>
  platform.api("PUT", "/v1/cashier", { version: (await present()).version, ...plain, ...wanted });
const open = async (wanted: Record<string, unknown> = {}): Promise<{ path: string; state: Json }> => {
  const { body } = await platform.pay(wanted);
  const path = new URL(body.cashier_url).pathname;
  return { path, state: (await platform.api("GET", `${path}/state`, undefined, null)).body };
};

describe("a merchant's cashier", () => {
  test("begins as the usual one", async () => {
    assert.deepEqual(await present(), { version: 0, ...plain, logo_version: null });
    const { state } = await open();
    assert.deepEqual([state.payment.merchant_name, state.brand], ["Demo Shop", { colour: null, logo: null }]);
  });

  test("shows the name, colour and picture that were set, from our own address", async () => {
    const { status, body } = await set({
      display_name: " 街角茶馆 ",
      colour: "#0B5D1E",
      logo: { data: PNG },
    });
    assert.equal(status, 200, JSON.stringify(body));
    const { path, state } = await open();
    assert.equal(state.payment.merchant_name, "街角茶馆");
    assert.deepEqual(state.brand, { colour: "#0b5d1e", logo: body.version });
    const logo = await fetch(`${platform.baseUrl}${path}/logo?v=${state.brand.logo}`);
    assert.deepEqual([logo.status, logo.headers.get("content-type")], [200, "image/png"]);
    assert.equal(logo.headers.get("x-content-type-options"), "nosniff");
    assert.match(logo.headers.get("content-security-policy") ?? "", /sandbox/);
    assert.equal(Buffer.from(await logo.arrayBuffer()).toString("base64"), PNG);
  });

  test("keeps its picture through other changes, and loses it when that is asked for", async () => {
    const { body: first } = await set({ logo: { data: PNG } });
    const { body: second } = await set({ colour: "#112233" });
    assert.deepEqual([second.version, second.logo_version], [first.version + 1, first.version]);
    const { path } = await open();
    const { body: third } = await set({ logo: null });
    assert.equal(third.logo_version, null);
    assert.equal((await fetch(`${platform.baseUrl}${path}/logo`)).status, 404);
  });

  test("offers what was set, in that order, and takes nothing that is hidden", async () => {
    const methods = [{ method: "wechat.native" }, { method: "alipay.page", amount_min: 2_000 }];
    await set({ methods, hidden: ["alipay.wap"] });
    const small = await open();
    const names = small.state.methods.map((one: Json) => one.method);
    assert.equal(names[0], "wechat.native");
    assert.ok(!names.includes("alipay.page") && !names.includes("alipay.wap"));
    assert.deepEqual(small.state.methods[0].order, 0);
    const large = await open({ amount: 2_000 });
    assert.equal(large.state.methods[1].method, "alipay.page");
    const body = { method: "alipay.wap", device: "phone" };
    const refused = await platform.api("POST", `${large.path}/attempts`, body, null);
    assert.deepEqual([refused.status, refused.body.code], [422, "method_not_available"]);
    await set({});
  });

  const faults: [string, Record<string, unknown>, string][] = [
    ["a colour that is none", { colour: "red" }, "colour"],
    ["an SVG, which may carry a script", { logo: { data: SVG } }, "logo.data"],
    ["what is not base64", { logo: { data: "a b" } }, "logo.data"],
    ["a picture of a million pixels a side", { logo: { data: hugePng() } }, "logo.data"],
    ["a method that no page can offer", { methods: [{ method: "alipay.code" }] }, "methods.0.method"],
    [
      "a method named twice",
      { methods: [{ method: "alipay.qr" }, { method: "alipay.qr" }] },
      "methods.1.method",
    ],
    ["an unknown method to hide", { hidden: ["cash"] }, "hidden.0"],
    [
      "a range that holds nothing",
      { methods: [{ method: "alipay.qr", amount_min: 2, amount_max: 1 }] },
      "methods.0.amount_max",
    ],
    [
      "a currency that is none",
      { methods: [{ method: "alipay.qr", currencies: ["XXX"] }] },
      "methods.0.currencies.0",
    ],
  ];
  for (const [title, wanted, field] of faults) {
    test(`refuses ${title}, naming the field`, async () => {
      const before = await present();
      const { status, body } = await set(wanted);
      assert.deepEqual([status, body.field], [400, field], JSON.stringify(body));
      assert.deepEqual(await present(), before);
    });
  }

  test("is changed by one who has seen it as it is", async () => {
    const { version } = await present();
    await set({ display_name: "Newer" });
    const late = await platform.api("PUT", "/v1/cashier", { version, ...plain });
    assert.deepEqual([late.status, late.body.field, late.body.version], [409, "version", version + 1]);
    const twice = { version: version + 1, ...plain, display_name: "Twice" };
    const both = await Promise.all([1, 2].map(() => platform.api("PUT", "/v1/cashier", twice)));
    assert.deepEqual(new Set(both.map((one) => one.status)), new Set([200, 409]));
  });

  test("can be set by operators, whose change is an audit row; nobody else sees it", async () => {
    const { body: before } = await platform.ops("GET", ours);
    const { status } = await platform.ops("PUT", ours, {
      version: before.version,
      ...plain,
      colour: "#445566",
    });
    assert.equal(status, 200);
    assert.equal((await present()).colour, "#445566");
    const { body: log } = await platform.ops("GET", "/v1/ops/audit?limit=1");
    assert.deepEqual([log.data[0].action, log.data[0].after.colour], ["cashier.updated", "#445566"]);
    assert.equal((await platform.api("GET", "/v1/cashier", undefined, null)).status, 401);
    assert.equal((await platform.api("GET", ours)).status, 401);
    const nobody = ours.replace(/mch_\w+/, "mch_01h455vb4pex5vsknk084sn02q");
    assert.equal((await platform.ops("GET", nobody)).status, 404);
  });
});

/** A picture's first bytes say how large it is; the rest need not be there. */
function hugePng(): string {
  const bytes = Buffer.from(PNG, "base64");
  bytes.writeUInt32BE(1_000_000, 16);
  return bytes.toString("base64");
}

describe("a picture's first bytes", () => {
  const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(40)]);
  const webp = (kind: string, rest: number[]) =>
    padded(Buffer.concat([Buffer.from(`RIFF\0\0\0\0WEBP${kind}\0\0\0\0`, "latin1"), Buffer.from(rest)]));
  const cases: [string, Buffer, [string, number, number] | null][] = [
    ["a PNG", Buffer.from(PNG, "base64"), ["image/png", 1, 1]],
    [
      "a JPEG, behind its other segments",
      padded(Buffer.from("ffd8ffe000104a46494600010100000100010000ffc2001108001000200301", "hex")),
      ["image/jpeg", 32, 16],
    ],
    ["a lossy WebP", webp("VP8 ", [0, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0]), ["image/webp", 64, 48]],
    ["a lossless WebP", webp("VP8L", [0x2f, 63, 0xc0, 11, 0]), ["image/webp", 64, 48]],
    ["an extended WebP", webp("VP8X", [0, 0, 0, 0, 63, 0, 0, 47, 0, 0]), ["image/webp", 64, 48]],
    ["a GIF", padded(Buffer.from("GIF89a")), null],
    ["an SVG", padded(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>")), null],
    ["nothing", Buffer.alloc(0), null],
    ["a JPEG without a frame", padded(Buffer.from("ffd8", "hex")), null],
  ];
  for (const [title, bytes, expected] of cases) {
    test(title, () => {
      const image = readImage(bytes);
      assert.deepEqual(image === null ? null : [image.type, image.width, image.height], expected);
    });
  }
});
