import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "../../kernel/database.ts";
import { parseId } from "../../kernel/ids.ts";
import { refused } from "../../operators/testing.ts";
import type { Pair } from "../alipay/testing.ts";
import { createStripe } from "../stripe/index.ts";
import { type ChannelOffice, startChannelOffice } from "./testing.ts";

/** Which account of Stripe's a key opens; a key that is not there was revoked. */
const opens = new Map<string, string>();
let office: ChannelOffice;
let app: Pair;
before(async () => {
  office = await startChannelOffice(true, (deps) => [
    createStripe({
      ...deps,
      http: {
        request: async ({ headers }) => {
          const id = opens.get(headers.authorization?.replace("Bearer ", "") ?? "");
          const body = id === undefined ? { error: { code: "api_key_expired" } } : { object: "account", id };
          const status = id === undefined ? 401 : 200;
          return { end: "response", status, headers: {}, body: Buffer.from(JSON.stringify(body)) };
        },
      },
    }),
  ]);
  app = office.newApp();
});
after(() => office.close());

const url = (id: string, path = "") => `/v1/ops/channel_accounts/${id}${path}`;
const idOf = (id: string) => parseId("cha", id) as string;
const look = async (id: string) => (await office.call("GET", url(id))).body;
const rotate = (id: string, credentials: Record<string, unknown>) =>
  office.call("POST", url(id, "/credentials"), { credentials });
const patch = async (id: string, change: Record<string, unknown>) =>
  office.call("PATCH", url(id), { revision: (await look(id)).revision, ...change });

async function counterpartOf(id: string): Promise<number> {
  const found = await office.anotherChannels().account(idOf(id));
  return found?.counterpartRevision ?? assert.fail("the account is not there");
}

/** Tried out as it is now. */
async function tryOut(id: string): Promise<void> {
  const at = office.deps.clock.now();
  const { goingLive } = office.channels.accounts;
  assert.equal(await goingLive.verified(idOf(id), at, await counterpartOf(id)), true);
}

async function live(): Promise<string> {
  const id = await office.contract(app);
  await tryOut(id);
  assert.equal((await office.call("POST", url(id, "/enable"))).status, 200);
  return id;
}

const standing = async (id: string) => {
  const { status, verification, verified_at: at } = await look(id);
  return [status, verification, at !== null];
};

const otherGateway = { gateway_url: "https://other.example/gateway.do" };
const otherSeller = () => ({ ...office.credentialsOf(app), seller_id: "2088000000009999" });

describe("an account in production that was tried out", () => {
  it("keeps that through another key of the same merchant, while it takes orders", async () => {
    const id = await live();
    const rotated = await rotate(id, office.credentialsOf(office.newApp()));
    assert.equal(rotated.status, 201, rotated.text);
    assert.equal((await patch(id, { label: "renamed", timeout_ms: 5_000 })).status, 200);
    const gateway_url = (await look(id)).gateway_url;
    assert.equal((await patch(id, { gateway_url })).status, 200);
    assert.deepEqual(await standing(id), ["active", "verified", true]);
  });

  it("takes no other gateway and no other merchant while it takes orders, and says what to do", async () => {
    const id = await live();
    const moved = await patch(id, otherGateway);
    assert.deepEqual(refused(moved), [409, "conflict", "gateway_url"]);
    assert.match(moved.text, /disable the account first.*create another channel account/);
    const swapped = await rotate(id, otherSeller());
    assert.deepEqual(refused(swapped), [409, "conflict", "credentials.seller_id"]);
    assert.match(swapped.text, /disable the account first.*create another channel account/);
    assert.deepEqual(await standing(id), ["active", "verified", true]);
    assert.equal((await look(id)).credentials.version, 1);
    assert.equal(await counterpartOf(id), 1);
  });

  const changes: Record<string, (id: string) => ReturnType<typeof office.call>> = {
    "another gateway": (id) => patch(id, otherGateway),
    "another merchant at the channel": (id) => rotate(id, otherSeller()),
  };
  for (const [title, changed] of Object.entries(changes)) {
    it(`must be tried out again with ${title} once it is disabled`, async () => {
      const id = await live();
      await office.call("POST", url(id, "/disable"));
      const { status, text } = await changed(id);
      assert.ok(status === 200 || status === 201, text);
      assert.deepEqual(await standing(id), ["disabled", "required", false]);
      const early = await office.call("POST", url(id, "/enable"));
      assert.deepEqual(refused(early).slice(0, 2), [409, "channel_account_not_verified"]);
      // The trial of what it was before came to its end only now.
      const at = office.deps.clock.now();
      assert.equal(await office.channels.accounts.goingLive.verified(idOf(id), at, 1), false);
      assert.equal(await office.channels.accounts.goingLive.verified(idOf(id), at, null), false);
      assert.deepEqual(await standing(id), ["disabled", "required", false]);
      await tryOut(id);
      assert.equal((await office.call("POST", url(id, "/enable"))).status, 200);
      const audit = (await office.call("GET", `/v1/ops/audit?subject=${id}&limit=100`)).body.data;
      assert.ok(audit.some((row: any) => row.after?.verification === "required"));
    });
  }
});

describe("a Stripe account without its account_id", () => {
  const keys = (name: string) => ({
    secret_key: `sk_test_${name.padEnd(12, "0")}`,
    publishable_key: "pk_test_000000000000",
    webhook_secret: "whsec_000000000000",
  });
  const key = (name: string, account: string) => opens.set(keys(name).secret_key, account);

  async function stripeAccount(name: string): Promise<string> {
    const credentials = keys(name);
    const body = office.draft({ channel: "stripe", gateway_url: "https://stripe.example", credentials });
    const made = await office.call("POST", "/v1/ops/channel_accounts", body);
    assert.equal(made.status, 201, made.text);
    await tryOut(made.body.id);
    assert.equal((await office.call("POST", url(made.body.id, "/enable"))).status, 200);
    return made.body.id;
  }

  /** As credentials are that were saved before whose they are was remembered. */
  async function forgetMerchant(id: string): Promise<void> {
    const forget = sql(
      "test_forget_merchants",
      "update channel_credentials set merchant = null where channel_account_id = $1",
    );
    await office.deps.platform.transact((tx) => tx.run(forget, [idOf(id)]));
  }

  it("is known by what Stripe told of the key before, even when that key is revoked", async () => {
    key("first", "acct_Shop");
    const id = await stripeAccount("first");
    opens.delete(keys("first").secret_key);
    key("second", "acct_Shop");
    const rotated = await rotate(id, keys("second"));
    assert.equal(rotated.status, 201, rotated.text);
    assert.deepEqual(await standing(id), ["active", "verified", true]);
    key("strangers", "acct_Stranger");
    const strangers = await rotate(id, keys("strangers"));
    assert.deepEqual(refused(strangers), [409, "conflict", "credentials.account_id"]);
  });

  it("saved before that was remembered is asked about, and cannot be told where nobody answers", async () => {
    key("old", "acct_Old");
    key("new", "acct_Old");
    const id = await stripeAccount("old");
    await forgetMerchant(id);
    opens.delete(keys("old").secret_key);
    const untold = await rotate(id, keys("new"));
    assert.deepEqual(refused(untold), [409, "conflict", "credentials"]);
    key("old", "acct_Old");
    assert.equal((await rotate(id, keys("new"))).status, 201);
    assert.deepEqual(await standing(id), ["active", "verified", true]);
  });

  it("saved before that was remembered is known once it was proved again", async () => {
    key("kept", "acct_Kept");
    key("next", "acct_Kept");
    const id = await stripeAccount("kept");
    await forgetMerchant(id);
    assert.equal((await office.call("POST", url(id, "/prove"))).status, 200);
    opens.delete(keys("kept").secret_key);
    const rotated = await rotate(id, keys("next"));
    assert.equal(rotated.status, 201, rotated.text);
    assert.deepEqual(await standing(id), ["active", "verified", true]);
  });
});
