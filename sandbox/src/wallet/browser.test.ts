import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { type Bench, startBench } from "../testing/bench.ts";

let bench: Bench;
let platform: Server;
let origin: string;
let seen: { agent: string | undefined; buyer: unknown }[] = [];

/** A platform whose pages are what a test needs. */
const pages: Record<string, (code: string) => { status: number; location?: string; body?: string }> = {
  "/q/page": () => ({ status: 404, body: "<title>No</title><body><h1>There is &lt;no&gt; code</h1></body>" }),
  "/q/circle": () => ({ status: 302, location: "/q/circle" }),
  "/q/order": (tradeNo) => ({
    status: 200,
    body: `<section data-params="{&quot;tradeNO&quot;:&quot;${tradeNo}&quot;}"></section>`,
  }),
  "/q/refresh": () => ({ status: 200, body: '<meta http-equiv="refresh" content="0;url=/q/order">' }),
};
let tradeNo = "";

before(async () => {
  bench = await startBench();
  await bench.post("/wallet/scan", { code: await bench.precreate("BROWSE1") });
  tradeNo = (await bench.query("BROWSE1")).trade_no ?? "";
  platform = createServer((request: IncomingMessage, response) => {
    seen.push({ agent: request.headers["user-agent"], buyer: request.headers["sandbox-buyer"] });
    const page = pages[request.url ?? ""]?.(tradeNo) ?? { status: 404, body: "" };
    response.writeHead(page.status, page.location === undefined ? {} : { location: page.location });
    response.end(page.body ?? "");
  });
  await new Promise<void>((resolve) => platform.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(platform.address() as AddressInfo).port}`;
});
after(async () => {
  platform.closeAllConnections();
  await new Promise((resolve) => platform.close(resolve));
  await bench.stop();
});

const scan = (path: string, more: object = {}) =>
  bench.post("/wallet/scan", { code: `${origin}${path}`, ...more });

void describe("a wallet that scans a platform's address", () => {
  void test("opens it as its own browser, and says what it read there", async () => {
    seen = [];
    const { body } = await scan("/q/page", { wallet: "wechat", buyer: "ann" });
    assert.deepEqual(body.page, {
      status: 404,
      url: `${origin}/q/page`,
      title: "No",
      text: "There is <no> code",
    });
    assert.match(seen[0]?.agent ?? "", /MicroMessenger\//);
    assert.equal(seen[0]?.buyer, "ann");
    await scan("/q/page");
    assert.match(seen[1]?.agent ?? "", /AlipayClient\//);
  });

  void test("goes where it is led, to the order that is handed to it", async () => {
    const { body } = await scan("/q/refresh");
    assert.equal((body.trade as { out_trade_no: string }).out_trade_no, "BROWSE1");
  });

  void test("does not go round for ever, and says when nobody answers", async () => {
    assert.equal((await scan("/q/circle")).status, 508);
    const nobody = await bench.post("/wallet/scan", { code: "http://127.0.0.1:1/q/x" });
    assert.equal(nobody.status, 502);
  });

  void test("takes other addresses for links of a channel, or nothing it knows", async () => {
    seen = [];
    assert.equal((await scan("/elsewhere")).status, 404);
    assert.deepEqual(seen, []);
    assert.equal((await scan("/q/page", { wallet: "qq" })).status, 400);
  });
});
