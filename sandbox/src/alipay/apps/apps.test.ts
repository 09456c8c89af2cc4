import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { AlipaySdk } from "alipay-sdk";
import { bareKey } from "../../certificates/index.ts";
import { type Bench, startBench } from "../../testing/bench.ts";
import { testClock } from "../../testing/clock.ts";
import { newKeys, postJson, sdkConfig } from "../../testing/merchant.ts";
import { until } from "../../testing/until.ts";

let bench: Bench;

before(async () => {
  bench = await startBench();
});
after(() => bench.stop());

const provision = (body: object) => postJson(`${bench.url}/alipay/apps`, body);

void describe("registering an app", () => {
  void test("answers what Alipay's console would show", async () => {
    const { body, status } = await provision({ app_public_key: newKeys().publicKey });
    assert.equal(status, 201);
    assert.match(body.app_id!, /^\d{16}$/);
    assert.match(body.pid!, /^2088\d{12}$/);
    assert.match(body.alipay_public_key!, /^MII[A-Za-z0-9+/=]+$/);
    assert.equal(body.gateway_url, `${bench.url}/gateway.do`);
    assert.equal(body.app_auth_token, undefined);
    assert.equal(body.app_cert, undefined);
  });

  void test("again with the same number and key answers the same app, however it is written", async () => {
    const { publicKey } = newKeys();
    const first = await provision({ app_id: "2021000000000777", app_public_key: publicKey });
    const pkcs1 = createPublicKey(publicKey).export({ type: "pkcs1", format: "pem" }) as string;
    for (const key of [publicKey, bareKey(publicKey), pkcs1]) {
      const again = await provision({ app_id: "2021000000000777", app_public_key: key });
      assert.equal(again.status, 200);
      assert.deepEqual(again.body, first.body);
    }
    const other = await provision({ app_id: "2021000000000777", app_public_key: newKeys().publicKey });
    assert.equal(other.status, 409);
  });

  void test("at the same moment makes one app", async () => {
    const body = { app_id: "2021000000000778", app_public_key: newKeys().publicKey };
    const answers = await Promise.all(Array.from({ length: 5 }, () => provision(body)));
    assert.equal(new Set(answers.map((answer) => answer.body.alipay_public_key)).size, 1);
  });

  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
  const pem = { type: "spki", format: "pem" } as const;
  const bad: [title: string, body: object][] = [
    ["no key", {}],
    ["no key at all", { app_public_key: "hello" }],
    ["a weak key", { app_public_key: weak.export(pem) }],
    ["a key that is no RSA key", { app_public_key: elliptic.export(pem) }],
    ["a private key", { app_public_key: newKeys().privateKey }],
    ["a short number", { app_public_key: newKeys().publicKey, app_id: "12" }],
    ["a seller who is none", { app_public_key: newKeys().publicKey, pid: "1234567890123456" }],
    ["an unknown mode", { app_public_key: newKeys().publicKey, mode: "paper" }],
    ["a fee above everything", { app_public_key: newKeys().publicKey, fee_rate_millionths: 1_000_001 }],
  ];
  for (const [title, body] of bad) {
    void test(`with ${title} is refused with a sentence`, async () => {
      const answer = await provision(body);
      assert.equal(answer.status, 400);
      assert.ok((answer.body.error as unknown as { message: string }).message.length > 10);
    });
  }
});

void describe("certificates", () => {
  void test("are a chain that node:crypto trusts, made from the keys they name", async () => {
    const { publicKey } = newKeys();
    const { body } = await provision({ app_public_key: publicKey, mode: "certificate" });
    const root = new X509Certificate(body.alipay_root_cert!);
    assert.equal(root.ca, true);
    for (const [name, key] of [
      ["app_cert", bareKey(publicKey)],
      ["alipay_cert", body.alipay_public_key],
    ] as const) {
      const certificate = new X509Certificate(body[name]!);
      assert.equal(certificate.verify(root.publicKey), true);
      assert.equal(certificate.checkIssued(root), true);
      assert.equal(bareKey(certificate.publicKey.export({ type: "spki", format: "pem" }) as string), key);
    }
    const other = await provision({ app_public_key: newKeys().publicKey, mode: "certificate" });
    assert.equal(other.body.alipay_root_cert, body.alipay_root_cert);
  });
});

void describe("changing keys", () => {
  for (const mode of ["public_key", "certificate"]) {
    void test(`takes the new pair at once, for answers and pending notifications (${mode})`, async () => {
      const clock = testClock("2026-11-20T01:30:00Z");
      const own = await startBench({ app: { mode }, clock });
      try {
        await own.arm("notification_late", { params: { ms: 60_000 } });
        await own.paid("ROT1");
        const { privateKey, publicKey } = newKeys();
        const app = `${own.url}/alipay/apps/${own.merchant.appId}`;
        await postJson(`${app}/keys`, { app_public_key: publicKey });
        const { body } = await postJson(`${app}/rotate-platform-key`, {});
        assert.notEqual(body.alipay_public_key, own.merchant.provisioned.alipay_public_key);

        const sdk = new AlipaySdk(sdkConfig(body, privateKey));
        const asked = { bizContent: { out_trade_no: "ROT1" } };
        const found = (await sdk.exec("alipay.trade.query", asked, { validateSign: true })) as {
          trade_status?: string;
        };
        assert.equal(found.trade_status, "TRADE_SUCCESS");
        await assert.rejects(own.query("ROT1"), /验签失败/);
        await clock.advance(60_000);
        const told = await until("the notification", () => own.merchant.heard[0]);
        assert.equal(sdk.checkNotifySignV2(told), true);
        assert.equal(own.merchant.sdk.checkNotifySignV2(told), false);
      } finally {
        await own.stop();
      }
    });
  }
});
