import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createKeyring } from "../../kernel/crypto.ts";
import { sql } from "../../kernel/database.ts";
import { parseId } from "../../kernel/ids.ts";
import { ascending, refused } from "../../operators/testing.ts";
import { bare, newPair, type Pair, publicKeyInput } from "../alipay/testing.ts";
import type { ChannelContext } from "../port.ts";
import { type ChannelOffice, MASTER_KEY, startChannelOffice } from "./testing.ts";

let office: ChannelOffice;
let app: Pair;
before(async () => {
  office = await startChannelOffice();
  app = office.newApp();
});
after(() => office.close());

const url = (id: string, path = "") => `/v1/ops/channel_accounts/${id}${path}`;
async function account(text: string) {
  const found = await office.channels.account(parseId("cha", text) as string);
  assert.ok(found !== null);
  return found;
}
const rotate = (id: string, credentials: unknown, more: Record<string, unknown> = {}) =>
  office.call("POST", url(id, "/credentials"), { credentials, ...more });
const privateKeyIn = (context: ChannelContext) =>
  bare((context.credentials as { privateKey: Pair["privateKey"] }).privateKey, "pkcs8");
const countAccounts = async () =>
  (await office.call("GET", "/v1/ops/channel_accounts?limit=100")).body.data.length;

describe("credentials", () => {
  it("whose platform key matches our own private key are refused, naming the field", async () => {
    const before = await countAccounts();
    const asked = office.gateway.asked;
    const credentials = publicKeyInput(app, app);
    const answer = await office.call("POST", "/v1/ops/channel_accounts", office.draft({ credentials }));
    assert.deepEqual(refused(answer), [422, "credentials_invalid", "credentials.alipay_public_key"]);
    assert.deepEqual([await countAccounts(), office.gateway.asked], [before, asked]);
  });

  it("that cannot be read are refused with every fault, naming the fields", async () => {
    const credentials = { ...office.credentialsOf(app), app_id: "12", private_key: "not a key" };
    const answer = await office.call("POST", "/v1/ops/channel_accounts", office.draft({ credentials }));
    assert.deepEqual(refused(answer), [422, "credentials_invalid", "credentials.app_id"]);
    assert.deepEqual(
      answer.body.faults.map((fault: { field: string }) => fault.field),
      ["credentials.app_id", "credentials.private_key"],
    );
  });

  it("that the channel does not know are not saved", async () => {
    const before = await countAccounts();
    const credentials = office.credentialsOf(newPair());
    const answer = await office.call("POST", "/v1/ops/channel_accounts", office.draft({ credentials }));
    assert.deepEqual(refused(answer), [422, "credentials_not_proved", "credentials"]);
    assert.match(answer.body.detail, /invalid-signature/);
    assert.equal(await countAccounts(), before);
  });

  it("with a platform key that is not the channel's are not saved", async () => {
    const credentials = publicKeyInput(app, newPair());
    const answer = await office.call("POST", "/v1/ops/channel_accounts", office.draft({ credentials }));
    assert.deepEqual(refused(answer).slice(0, 2), [422, "credentials_not_proved"]);
  });

  it("are not saved while the gateway cannot be asked, and the answer says so", async () => {
    for (const mood of ["away", "silent"] as const) {
      office.gateway.mood = mood;
      const body = office.draft({ credentials: office.credentialsOf(app) });
      const answer = await office.call("POST", "/v1/ops/channel_accounts", body);
      assert.deepEqual(refused(answer).slice(0, 2), [422, "credentials_not_proved"], mood);
      assert.match(answer.body.detail, /could not be reached/);
    }
    office.gateway.mood = "answers";
  });

  it("are proved again on request", async () => {
    const id = await office.contract(app);
    office.deps.clock.move(60_000);
    const proved = await office.call("POST", url(id, "/prove"));
    assert.equal(proved.body.credentials.proved_at, office.deps.clock.now().toISOString());
    office.gateway.mood = "away";
    const failed = await office.call("POST", url(id, "/prove"));
    assert.deepEqual(refused(failed).slice(0, 2), [422, "credentials_not_proved"]);
    office.gateway.mood = "answers";
    const shown = await office.call("GET", url(id));
    assert.equal(shown.body.credentials.proved_at, proved.body.credentials.proved_at);
  });

  it("rotated add a version: an order keeps the one that it was placed with", async () => {
    const id = await office.contract(app);
    const next = office.newApp();
    const rotated = await rotate(id, office.credentialsOf(next));
    assert.equal(rotated.status, 201, rotated.text);
    assert.deepEqual(
      rotated.body.credential_versions.map((each: { version: number }) => each.version),
      [2, 1],
    );
    const audit = await office.call(
      "GET",
      `/v1/ops/audit?subject=${id}&action=channel_account.credentials_rotated`,
    );
    const { version, fingerprints } = audit.body.data[0].after;
    assert.equal(version, 2);
    assert.ok(fingerprints.some((each: string) => /^private_key: [0-9a-f]{12}$/.test(each)));
    const held = await account(id);
    const placedBefore = await office.channels.contextOf(held, 1);
    const current = await office.channels.contextOf(held, "current");
    assert.equal(privateKeyIn(placedBefore), bare(app.privateKey, "pkcs8"));
    assert.equal(privateKeyIn(current), bare(next.privateKey, "pkcs8"));
    const all = await office.channels.contextsOf(held);
    assert.deepEqual(all.map(privateKeyIn), [privateKeyIn(current), privateKeyIn(placedBefore)]);
    await assert.rejects(office.channels.contextOf(held, 3), /no credentials of version 3/);
  });

  it("rotated by two people at once add one version, and the other is told", async () => {
    const id = await office.contract(app);
    // Both are held at the gateway until the other is there too.
    const { promise, resolve } = Promise.withResolvers<void>();
    let waiting = 0;
    office.gateway.hold = () => {
      waiting += 1;
      if (waiting === 2) resolve();
      return promise;
    };
    const answers = await Promise.all([
      rotate(id, office.credentialsOf(office.newApp())),
      rotate(id, office.credentialsOf(office.newApp())),
    ]);
    office.gateway.hold = async () => {};
    assert.deepEqual(answers.map((each) => each.status).sort(ascending), [201, 409]);
    assert.equal((await account(id)).credentialVersion, 2);
  });

  it("a renewed token is saved beside the keys that stay, and warned of before its end", async () => {
    const id = await office.contract(app, {
      mode: "service_provider",
      credentials: { ...office.credentialsOf(app), app_auth_token: "202603BBfirst" },
      token_expires_at: "2026-03-20T00:00:00Z",
    });
    const shown = await office.call("GET", url(id));
    assert.equal(shown.body.credentials.token_expires_at, "2026-03-20T00:00:00.000Z");
    assert.match(shown.body.warnings[0], /ends on 2026-03-20/);
    const renewed = await rotate(
      id,
      { app_auth_token: "202703BBsecond" },
      { keep_others: true, token_expires_at: "2027-03-20T00:00:00Z" },
    );
    assert.equal(renewed.status, 201, renewed.text);
    assert.deepEqual(renewed.body.warnings, []);
    const [second, first] = renewed.body.credential_versions;
    assert.equal(second.fingerprints.private_key, first.fingerprints.private_key);
    assert.notEqual(second.fingerprints.app_auth_token, first.fingerprints.app_auth_token);
    const held = await account(id);
    const tokens = (await office.channels.contextsOf(held)).map(
      (context) => (context.credentials as { appAuthToken: string }).appAuthToken,
    );
    assert.deepEqual(tokens, ["202703BBsecond", "202603BBfirst"]);
  });
});

describe("secrets", () => {
  it("are in no answer, no refusal, no audit row, no log line and no column in the clear", async () => {
    const token = "202603BBneverShown";
    const secret: Record<string, string> = { ...office.credentialsOf(app), app_auth_token: token };
    const id = await office.contract(app, { credentials: secret });
    const texts = [
      await office.call("GET", url(id)),
      await office.call("GET", "/v1/ops/channel_accounts"),
      await rotate(id, { ...secret, app_id: "bad" }),
      await rotate(id, { ...secret, surprise: secret.private_key }),
      await office.call("PATCH", url(id), { revision: 1, credentials: secret }),
      await office.call("POST", "/v1/ops/channel_accounts", {
        ...office.draft(),
        label: 5,
        credentials: secret,
      }),
      await office.call("GET", "/v1/ops/audit?limit=100"),
    ].map((answer) => answer.text);
    const rows = await office.deps.platform.db.all(
      sql(
        "test_credentials_rows",
        "select encode(sealed, 'escape') as sealed, * from channel_credentials order by 2, 3",
      ),
    );
    texts.push(office.logged.join(""), JSON.stringify(rows));
    const key = String(secret.private_key);
    for (const text of texts) {
      assert.equal(text.includes(token), false);
      for (const at of [0, 200, 800]) assert.equal(text.includes(key.slice(at, at + 40)), false);
    }
  });

  it("sealed for one account or version do not open for another", async () => {
    const [one, two] = [await office.contract(app), await office.contract(app)];
    await office.deps.platform.transact((tx) =>
      tx.run(
        sql(
          "test_swap_sealed",
          `update channel_credentials set sealed =
            (select sealed from channel_credentials where channel_account_id = $1)
          where channel_account_id = $2`,
        ),
        [parseId("cha", one), parseId("cha", two)],
      ),
    );
    const other = office.anotherChannels();
    const moved = await other.account(parseId("cha", two) as string);
    assert.ok(moved !== null);
    await assert.rejects(other.contextOf(moved, "current"), /altered or belongs to another id/);
  });

  it("are wrapped again after the master key changed, and then need the old one no more", async () => {
    const fresh = await startChannelOffice();
    try {
      const id = await fresh.contract(fresh.newApp());
      await rotateIn(fresh, id);
      const next = Buffer.alloc(32, 8);
      const both = createKeyring(next, { previous: [MASTER_KEY] });
      const held = await fresh.channels.account(parseId("cha", id) as string);
      assert.ok(held !== null);
      const alone = () => fresh.anotherChannels(createKeyring(next));
      await assert.rejects(alone().contextOf(held, "current"), /unknown here/);
      assert.deepEqual(await alone().readableCredentials(), { all: 2, unreadable: 2 });
      assert.equal(await fresh.anotherChannels(both).rewrapCredentials(), 2);
      assert.equal(await fresh.anotherChannels(both).rewrapCredentials(), 0);
      const contexts = await alone().contextsOf(held);
      assert.equal(contexts.length, 2);
      assert.deepEqual(await alone().readableCredentials(), { all: 2, unreadable: 0 });
    } finally {
      await fresh.close();
    }
  });
});

async function rotateIn(office: ChannelOffice, id: string): Promise<void> {
  const credentials = office.credentialsOf(office.newApp());
  assert.equal((await office.call("POST", url(id, "/credentials"), { credentials })).status, 201);
}
