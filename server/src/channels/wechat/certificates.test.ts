import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DAY, HOUR, plus, SECOND, systemRandom } from "../../kernel/clock.ts";
import type { ChannelContext, ChannelHttp } from "../port.ts";
import { createWechat } from "./channel.ts";
import {
  APPID,
  bare,
  certificateList,
  contextOf,
  envelopeOf,
  headersFor,
  inbound,
  MCHID,
  NOW,
  newOrder,
  newPair,
  pem,
  platformCertificate,
  publicKeyInput,
  type Returned,
  signed,
} from "./testing.ts";

const merchant = newPair();
const before = newPair();
const next = newPair();
const [OLD, NEW] = ["7132D72A", "5157F09E"];
const certified = (pair: typeof next, serialNo: string, until?: string) => ({
  serialNo,
  pem: platformCertificate(pair, BigInt(`0x${serialNo}`), until),
});
const {
  wechatpay_public_key: _key,
  wechatpay_public_key_id: _id,
  ...common
} = publicKeyInput(merchant, before);
const input = { ...common, platform_certificates: [certified(before, OLD).pem] };
const order = newOrder();
const PAID = {
  mchid: MCHID,
  appid: APPID,
  out_trade_no: order.channelOrderNo,
  transaction_id: "4200000000202611200000000001",
  trade_state: "SUCCESS",
  success_time: "2026-11-20T09:30:00+08:00",
  amount: { total: 1_234, currency: "CNY" },
};
const LIST = certificateList([certified(before, OLD), certified(next, NEW)]);

/** A WeChat Pay that signs with `signer` now, and hands its certificates out as `list` says. */
function start(list: () => Returned = () => signed(200, LIST, next.privateKey, NEW)) {
  const asked: string[] = [];
  const wechat = { signer: next, serial: NEW, at: NOW, asked, list };
  const timestamp = () => String(Math.floor(wechat.at.getTime() / 1_000));
  const answer = (body: object): Returned => {
    const bytes = Buffer.from(JSON.stringify(body));
    const headers = headersFor(bytes, wechat.signer.privateKey, wechat.serial, timestamp());
    return { end: "response", status: 200, headers, body: bytes };
  };
  const http: ChannelHttp = {
    request: async ({ url, headers, timeoutMs }) => {
      const { pathname } = new URL(url);
      const isFetch = pathname === "/v3/certificates";
      assert.ok(!isFetch || timeoutMs <= 3 * SECOND, "adds to a call more than its lease has room for");
      asked.push(pathname === "/v3/certificates" ? "certificates" : "order");
      assert.equal(headers["wechatpay-serial"], undefined, "asks for a certificate that may be gone");
      return pathname === "/v3/certificates" ? wechat.list() : answer(PAID);
    },
  };
  const clock = { now: () => wechat.at, sleep: async () => {}, after: () => () => {} };
  const channel = createWechat({ clock, random: systemRandom, http });
  const context = { ...contextOf(channel, input), timeoutMs: 10 * SECOND };
  const told = (signer = next, serial: string = NEW) =>
    inbound(envelopeOf("TRANSACTION.SUCCESS", "transaction", PAID), (body) =>
      headersFor(body, signer.privateKey, serial),
    );
  return { ...wechat, wechat, channel, context, told, answer, query: () => channel.query(context, order) };
}

describe("when WeChat Pay changes its certificate", () => {
  it("the answer that shows it is verified with the one fetched, and so are later ones", async () => {
    const { asked, query } = start();
    const [first, second] = [await query(), await query()];
    assert.ok(first.end === "answered" && first.value.outcome === "paid", first.end);
    assert.equal(second.end, "answered");
    assert.deepEqual(asked, ["order", "certificates", "order"]);
  });

  it("answers that come at once fetch it once", async () => {
    const { asked, query } = start();
    const ends = await Promise.all([query(), query(), query()]);
    assert.deepEqual(
      ends.map((call) => call.end),
      ["answered", "answered", "answered"],
    );
    assert.deepEqual(asked.filter((one) => one === "certificates").length, 1);
  });

  it("a notification is refused at first, and authentic once it is prepared", async () => {
    const { channel, context, told, asked } = start();
    assert.equal(channel.readNotification([context], told()).verdict, "refused");
    assert.equal(await channel.prepareNotification?.([context], told()), true);
    assert.equal(channel.readNotification([context], told()).verdict, "authentic");
    assert.deepEqual(asked, ["certificates"]);
  });

  it("what the old one signed is still believed", async () => {
    const { wechat, channel, context, told, query } = start();
    await query();
    wechat.signer = before;
    wechat.serial = OLD;
    assert.equal((await query()).end, "answered");
    assert.equal(channel.readNotification([context], told(before, OLD)).verdict, "authentic");
  });

  it("other accounts of the merchant know it too, and other merchants don't", async () => {
    const { asked, channel, context, query } = start();
    await query();
    const again: ChannelContext = { ...context, channelAccountId: "another" };
    assert.equal((await channel.query(again, order)).end, "answered");
    assert.equal(asked.filter((one) => one === "certificates").length, 1);
    const stranger = contextOf(channel, { ...input, mchid: "1900000002" });
    await channel.query({ ...stranger, channelAccountId: "theirs" }, order);
    assert.equal(asked.filter((one) => one === "certificates").length, 2);
  });
});

describe("certificates are believed by nothing less than", () => {
  const refusals: Record<string, () => Returned> = {
    "a signature": () => bare(200, LIST),
    "the signature of one of them": () => signed(200, LIST, newPair().privateKey, NEW),
    "a signature of one that is there": () => signed(200, LIST, next.privateKey, "0000AAAA"),
    "the APIv3 key": () =>
      signed(200, certificateList([certified(next, NEW)], "x".repeat(32)), next.privateKey, NEW),
    "the serial number that they bear": () =>
      signed(200, certificateList([{ ...certified(next, NEW), serialNo: "ABCDEF12" }]), next.privateKey, NEW),
    "a certificate": () =>
      signed(
        200,
        certificateList([{ serialNo: NEW, pem: pem(next.publicKey, "spki") }]),
        next.privateKey,
        NEW,
      ),
    "somebody else's key than the merchant's": () =>
      signed(200, certificateList([certified(merchant, NEW)]), merchant.privateKey, NEW),
    "one that is not at its end": () =>
      signed(200, certificateList([certified(next, NEW, "260101000000Z")]), next.privateKey, NEW),
    "all of them": () => {
      const broken = { serialNo: "ABCDEF12", pem: "nothing" };
      return signed(200, certificateList([certified(next, NEW), broken]), next.privateKey, NEW);
    },
    "a list": () => signed(200, { data: "none" }, next.privateKey, NEW),
    "a yes": () => signed(404, { code: "RESOURCE_NOT_EXISTS", message: "无" }, next.privateKey, NEW),
    "an answer": () => ({ end: "unknown", reason: "no answer within 1000 ms" }),
  };
  for (const [title, list] of Object.entries(refusals)) {
    it(title, async () => {
      const { channel, context, told, query } = start(list);
      const call = await query();
      assert.ok(call.end === "unknown", call.end);
      assert.match(call.reason, /not known/);
      assert.equal(await channel.prepareNotification?.([context], told()), false);
    });
  }

  it("and an answer that brings them may be signed with one that was known", async () => {
    const { query } = start(() => signed(200, LIST, before.privateKey, OLD));
    assert.equal((await query()).end, "answered");
  });
});

describe("certificates are fetched seldom:", () => {
  it("a flood of forged serial numbers makes one call in a while", async () => {
    const { wechat, channel, context, told, asked } = start();
    const forged = (index: number) => told(newPair(), `ABCDEF${String(index).padStart(2, "0")}`);
    for (let index = 0; index < 5; index += 1) {
      const request = forged(index);
      assert.equal(await channel.prepareNotification?.([context], request), false);
      assert.equal(channel.readNotification([context], request).verdict, "refused");
    }
    assert.deepEqual(asked, ["certificates"]);
    wechat.at = plus(NOW, 15 * SECOND);
    await channel.prepareNotification?.([context], forged(9));
    assert.equal(asked.length, 2);
  });

  it("a public key that is not known, and what is not signed, is asked about at nobody", async () => {
    const { channel, context, told, asked } = start();
    const bearing = [told(next, "PUB_KEY_ID_0119000000012024010100000000000009"), told(next, "no serial")];
    for (const request of [...bearing, { ...told(), headers: {} }]) {
      assert.equal(await channel.prepareNotification?.([context], request), false);
    }
    // Refused for another reason than its key: there is nothing to fetch.
    assert.equal(await channel.prepareNotification?.([context], told(next, OLD)), false);
    assert.deepEqual(asked, []);
  });

  it("a day later they are brought anew, and after a failure an hour later", async () => {
    const { wechat, query, asked } = start();
    await query();
    asked.length = 0;
    wechat.list = () => ({ end: "not_sent", reason: "connection refused" });
    const steps: readonly (readonly [after: number, asked: readonly string[]])[] = [
      [DAY - SECOND, ["order"]],
      [SECOND, ["certificates", "order"]],
      [HOUR - SECOND, ["order"]],
      [SECOND, ["certificates", "order"]],
    ];
    for (const [ms, expected] of steps) {
      wechat.at = plus(wechat.at, ms);
      assert.equal((await query()).end, "answered");
      assert.deepEqual(asked.splice(0), expected);
    }
  });

  it("one that was fetched is believed until its end", async () => {
    const until = certified(next, NEW, "261120040000Z");
    const { wechat, query } = start(() => signed(200, certificateList([until]), next.privateKey, NEW));
    assert.equal((await query()).end, "answered");
    wechat.at = new Date("2026-11-20T04:00:01Z");
    assert.equal((await query()).end, "unknown");
  });
});
