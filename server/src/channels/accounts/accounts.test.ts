import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parseId } from "../../kernel/ids.ts";
import { ascending, refused } from "../../operators/testing.ts";
import type { Pair } from "../alipay/testing.ts";
import { type ChannelOffice, startChannelOffice } from "./testing.ts";

let office: ChannelOffice;
let app: Pair;
before(async () => {
  office = await startChannelOffice();
  app = office.newApp();
});
after(() => office.close());

const url = (id: string, path = "") => `/v1/ops/channel_accounts/${id}${path}`;
const create = (body: unknown) => office.call("POST", "/v1/ops/channel_accounts", body);
const idOf = (text: string) => parseId("cha", text) as string;
async function account(text: string) {
  const found = await office.channels.account(idOf(text));
  assert.ok(found !== null);
  return found;
}

describe("a channel account", () => {
  it("is a draft with the channel's own limits until told otherwise", async () => {
    const made = await create(office.draft());
    assert.equal(made.status, 201, made.text);
    const { body } = made;
    assert.deepEqual(
      [body.status, body.revision, body.credentials, body.currencies],
      ["draft", 1, null, ["CNY"]],
    );
    const traits = office.channels.channel("alipay")?.traits;
    assert.deepEqual(body.methods, Object.keys(traits?.scenes ?? {}));
    assert.equal(body.amount_max, Number(traits?.amountMax));
    assert.equal(body.notify_path, `/notify/alipay/${body.id}`);
    assert.deepEqual((await office.call("GET", url(body.id))).body, body);
  });

  it("takes orders only once it has credentials and its books' accounts are open", async () => {
    const made = await create(office.draft());
    const early = await office.call("POST", url(made.body.id, "/enable"));
    assert.deepEqual(refused(early).slice(0, 2), [409, "conflict"]);
    assert.equal((await office.call("POST", url(made.body.id, "/disable"))).status, 409);
    const saved = await office.call("POST", url(made.body.id, "/credentials"), {
      credentials: office.credentialsOf(app),
    });
    assert.equal(saved.status, 201, saved.text);
    office.openings.length = 0;
    const enabled = await office.call("POST", url(made.body.id, "/enable"));
    assert.deepEqual([enabled.status, enabled.body.status], [200, "active"]);
    assert.deepEqual(office.openings, [
      {
        merchantId: parseId("mch", office.merchant),
        currency: "CNY",
        channelAccountId: idOf(made.body.id),
        fundFlow: "through_platform",
      },
    ]);
  });

  it("disabled keeps what its orders need, and is never removed", async () => {
    const id = await office.contract(app);
    await office.call("POST", url(id, "/enable"));
    assert.equal((await office.call("POST", url(id, "/disable"))).body.status, "disabled");
    assert.deepEqual(refused(await office.call("DELETE", url(id))).slice(0, 2), [
      409,
      "channel_account_in_use",
    ]);
    const context = await office.channels.contextOf(await account(id), 1);
    assert.equal(context.gatewayUrl, "https://gateway.example/gateway.do");
    assert.equal((await office.call("POST", url(id, "/enable"))).body.status, "active");
  });

  it("can be removed while it is a draft", async () => {
    const id = await office.contract(app);
    assert.equal((await office.call("DELETE", url(id))).status, 204);
    assert.equal((await office.call("GET", url(id))).status, 404);
    assert.equal(await office.channels.account(idOf(id)), null);
  });

  it("is changed only from its present revision, and the change is seen at once", async () => {
    const id = await office.contract(app);
    assert.equal((await account(id)).amountMax > 5_000n, true);
    const changed = await office.call("PATCH", url(id), { revision: 1, amount_max: 5_000 });
    assert.deepEqual([changed.status, changed.body.revision], [200, 2]);
    assert.equal((await account(id)).amountMax, 5_000n);
    const stale = await office.call("PATCH", url(id), { revision: 1, amount_max: 6_000 });
    assert.deepEqual(refused(stale), [409, "conflict", "revision"]);
    assert.equal(stale.body.revision, 2);
    const audit = await office.call("GET", `/v1/ops/audit?subject=${id}&action=channel_account.updated`);
    assert.equal(audit.body.data[0].after.amount_max, 5_000);
  });

  it("keeps its fund flow once it has taken orders: the books depend on it", async () => {
    const id = await office.contract(app);
    const change = { revision: 1, fund_flow: "direct_to_merchant" };
    assert.equal((await office.call("PATCH", url(id), change)).status, 200);
    await office.call("POST", url(id, "/enable"));
    const late = await office.call("PATCH", url(id), { revision: 3, fund_flow: "bank_custody" });
    assert.deepEqual(refused(late), [409, "conflict", "fund_flow"]);
    assert.equal(office.openings.at(-1)?.fundFlow, "direct_to_merchant");
  });

  it("has the accounts of its currencies opened again with each change while it is active", async () => {
    const id = await office.contract(app);
    await office.call("POST", url(id, "/enable"));
    office.openings.length = 0;
    await office.call("PATCH", url(id), { revision: 2, label: "renamed" });
    assert.deepEqual(
      office.openings.map((opening) => opening.currency),
      ["CNY"],
    );
  });

  it("stands in the list of its merchant, oldest first, whatever its state", async () => {
    const merchant = await office.admit("Two contracts");
    const ids = [];
    for (const label of ["first", "second"]) {
      ids.push(await office.contract(app, { merchant_id: merchant, label }));
      office.deps.clock.move(1_000);
    }
    const accounts = await office.channels.accountsOfMerchant(parseId("mch", merchant) as string);
    assert.deepEqual(
      accounts.map((each) => each.label),
      ["first", "second"],
    );
    const listed = await office.call("GET", `/v1/ops/channel_accounts?merchant_id=${merchant}&limit=1`);
    assert.equal(listed.body.data[0].label, "second");
    const rest = await office.call(
      "GET",
      `/v1/ops/channel_accounts?merchant_id=${merchant}&limit=1&cursor=${listed.body.next_cursor}`,
    );
    assert.deepEqual([rest.body.data[0].label, rest.body.next_cursor], ["first", null]);
  });

  it("is made once by a request that is sent twice", async () => {
    const send = () =>
      office.http.inject({
        method: "POST",
        url: "/v1/ops/channel_accounts",
        headers: { authorization: `Bearer ${office.token}`, "idempotency-key": "one contract" },
        payload: office.draft(),
      });
    const answers = await Promise.all([send(), send()]);
    assert.deepEqual(answers.map((each) => each.statusCode).sort(ascending), [200, 201]);
    assert.equal(new Set(answers.map((each) => each.json().id)).size, 1);
  });
});

describe("a contract that cannot be kept", () => {
  const nobody = `mch_${"0".repeat(26)}`;
  const wrong: Record<string, [change: Record<string, unknown>, field: string]> = {
    "a merchant id of another kind": [{ merchant_id: "cha_1" }, "merchant_id"],
    "an unknown merchant": [{ merchant_id: nobody }, "merchant_id"],
    "an unknown channel": [{ channel: "paypal" }, "channel"],
    "no label": [{ label: undefined }, "label"],
    "a gateway that is no address": [{ gateway_url: "openapi" }, "gateway_url"],
    "a gateway that is a file": [{ gateway_url: "file:///etc/passwd" }, "gateway_url"],
    "a gateway with a password in it": [{ gateway_url: "https://a:b@gateway.example" }, "gateway_url"],
    "an unknown mode": [{ mode: "reseller" }, "mode"],
    "no method": [{ methods: [] }, "methods"],
    "another channel's method": [{ methods: ["alipay.qr", "wechat.native"] }, "methods.1"],
    "a currency that the channel does not take": [{ currencies: ["USD"] }, "currencies.0"],
    "an amount of zero": [{ amount_min: 0 }, "amount_min"],
    "an amount as a string": [{ amount_max: "100" }, "amount_max"],
    "a fractional amount": [{ amount_max: 1.5 }, "amount_max"],
    "a maximum below the minimum": [{ amount_min: 10, amount_max: 9 }, "amount_max"],
    "a maximum beyond the channel's": [{ amount_max: Number.MAX_SAFE_INTEGER }, "amount_max"],
    "an order that lives for a second": [{ order_lifetime_seconds: 1 }, "order_lifetime_seconds"],
    "no calls at all": [{ calls_per_second: 0 }, "calls_per_second"],
    "a time-out of an hour": [{ timeout_ms: 3_600_000 }, "timeout_ms"],
    "a proxy that is no address": [{ proxy_url: "proxy.example:3128" }, "proxy_url"],
    "a proxy that is asked over TLS": [{ proxy_url: "https://proxy.example:3128" }, "proxy_url"],
    "a proxy with a path": [{ proxy_url: "http://proxy.example:3128/tunnel" }, "proxy_url"],
    "a proxy with a user": [{ proxy_url: "http://us@proxy.example:3128" }, "proxy_url"],
    "no connections": [{ connections_max: 0 }, "connections_max"],
    "a connection that may take a minute": [{ connect_timeout_ms: 60_000 }, "connect_timeout_ms"],
    "no calls in flight": [{ calls_in_flight_max: 0 }, "calls_in_flight_max"],
    "a cut-off that is no time of day": [{ cancel_cutoff: "25:00" }, "cancel_cutoff"],
    "a cost above the amount": [{ cost_rate_millionths: 1_000_001 }, "cost_rate_millionths"],
    "a yes instead of true": [{ cost_returned_on_refund: "yes" }, "cost_returned_on_refund"],
    "an unknown settler": [{ settled_by: "nobody" }, "settled_by"],
    "an unknown fund flow": [{ fund_flow: "somewhere" }, "fund_flow"],
    "no fund flow": [{ fund_flow: undefined }, "fund_flow"],
    "a status": [{ status: "active" }, "status"],
    "credentials that are a text": [{ credentials: "secret" }, "credentials"],
  };
  for (const [title, [change, field]] of Object.entries(wrong)) {
    it(`${title} is refused, naming ${field}, and reaches no channel`, async () => {
      const asked = office.gateway.asked;
      const body = office.draft({ credentials: office.credentialsOf(app), ...change });
      const answer = await create(body);
      assert.deepEqual(refused(answer), [400, "invalid_request", field]);
      assert.equal(office.gateway.asked, asked);
    });
  }

  it("a proxy's password is refused and repeated nowhere", async () => {
    const answer = await create(office.draft({ proxy_url: "http://us:Sesame@proxy.example:3128" }));
    assert.deepEqual(refused(answer), [400, "invalid_request", "proxy_url"]);
    assert.doesNotMatch(answer.text, /Sesame/);
    assert.match(answer.text, /by its address/);
  });

  it("the network of an account is its own, and what calls are given", async () => {
    const id = await office.contract(app, { proxy_url: "http://proxy.example:3128", connections_max: 3 });
    const { body: account } = await office.call("GET", `/v1/ops/channel_accounts/${id}`);
    assert.deepEqual(
      [account.proxy_url, account.connections_max, account.connect_timeout_ms, account.calls_in_flight_max],
      ["http://proxy.example:3128", 3, 10_000, 16],
    );
    const changed = await office.call("PATCH", `/v1/ops/channel_accounts/${id}`, {
      revision: account.revision,
      proxy_url: null,
      connect_timeout_ms: 700,
      calls_in_flight_max: 2,
    });
    assert.equal(changed.status, 200, changed.text);
    const known = await office.channels.account(parseId("cha", id) as string);
    assert.ok(known);
    assert.equal(known.callsInFlightMax, 2);
    const { network } = await office.channels.contextOf(known, "current");
    assert.deepEqual(network, { owner: known.id, proxyUrl: null, connectionsMax: 3, connectTimeoutMs: 700 });
  });

  it("the calls per second of an account are of its operations and of their further calls", async () => {
    const id = await office.contract(app, { calls_per_second: 2 });
    const known = await account(id);
    const { takeAnother } = await office.channels.contextOf(known, "current");
    const { budget } = office.channels;
    assert.equal(await budget.take(known, "background"), true);
    assert.deepEqual([await takeAnother?.(), await takeAnother?.()], [true, false]);
    assert.equal(await budget.take(known, "background"), false);
  });

  it("a plain http gateway is refused in production", async () => {
    const production = await startChannelOffice(true);
    try {
      const gateway_url = "http://gateway.example/gateway.do";
      const body = production.draft({ gateway_url });
      const answer = await production.call("POST", "/v1/ops/channel_accounts", body);
      assert.deepEqual(refused(answer), [400, "invalid_request", "gateway_url"]);
    } finally {
      await production.close();
    }
  });
});
