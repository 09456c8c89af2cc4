import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock, systemRandom } from "../kernel/clock.ts";
import { createAlipay } from "./alipay/index.ts";
import type { ChannelContext, ChannelDeps, ChannelHttp } from "./port.ts";
import { createWechat } from "./wechat/index.ts";

type Sent = Parameters<ChannelHttp["request"]>[0];

/** Answers every request with one body, and keeps what was asked. */
function answering(body: string | null): { deps: ChannelDeps; sent: Sent[] } {
  const sent: Sent[] = [];
  const http: ChannelHttp = {
    request: async (request) => {
      sent.push(request);
      return body === null
        ? { end: "unknown", reason: "cut off" }
        : { end: "response", status: 200, headers: {}, body: Buffer.from(body) };
    },
  };
  return { deps: { clock: systemClock, random: systemRandom, http }, sent };
}

const context = (gatewayUrl: string, credentials: object): ChannelContext => ({
  channelAccountId: "cha_1",
  gatewayUrl,
  credentials,
  timeoutMs: 5_000,
});
const asked = { redirectUrl: "https://pay.example.com/q/o/back", state: "abc123" };

describe("WeChat tells who its user is", () => {
  const ids = {
    mchid: "1900000001",
    appid: "wx1",
    subMchid: null,
    subAppid: null,
    appSecret: "s".repeat(32),
  };
  const real = context("https://api.mch.weixin.qq.com", ids);
  const wechat = (body: string | null) => {
    const { deps, sent } = answering(body);
    const { identify } = createWechat(deps);
    assert.ok(identify !== undefined);
    return { identify, sent };
  };

  it("at its own page, with the parameters in the one order that it takes", () => {
    assert.equal(
      wechat(null).identify.authorizeUrl(real, asked),
      "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx1" +
        "&redirect_uri=https%3A%2F%2Fpay.example.com%2Fq%2Fo%2Fback" +
        "&response_type=code&scope=snsapi_base&state=abc123#wechat_redirect",
    );
  });

  it("by the sub-merchant's app where buyers are known by that", () => {
    const sub = context(real.gatewayUrl, { ...ids, subMchid: "1900000002", subAppid: "wx2" });
    assert.match(wechat(null).identify.authorizeUrl(sub, asked) ?? "", /\?appid=wx2&/);
  });

  it("at a gateway that is not WeChat Pay's, there", () => {
    const url = wechat(null).identify.authorizeUrl(context("http://127.0.0.1:9/wechat/", ids), asked);
    assert.match(url ?? "", /^http:\/\/127\.0\.0\.1:9\/wechat\/connect\/oauth2\/authorize\?/);
  });

  it("never without the app's secret", () => {
    const without = context(real.gatewayUrl, { ...ids, appSecret: null });
    assert.equal(wechat(null).identify.authorizeUrl(without, asked), null);
  });

  it("for a code, at the API's host, and no record holds the secret", async () => {
    const { identify, sent } = wechat('{"openid":"oABC","access_token":"t"}');
    const call = await identify.buyerOf(real, "CODE");
    assert.deepEqual(call.end === "answered" && call.value, { buyer: "oABC" });
    assert.equal(
      sent[0]?.url,
      `https://api.weixin.qq.com/sns/oauth2/access_token?appid=wx1&secret=${"s".repeat(32)}` +
        "&code=CODE&grant_type=authorization_code",
    );
    assert.ok(!JSON.stringify(call).includes("sss"));
  });

  const answers: readonly [body: string | null, end: string][] = [
    ['{"errcode":40029,"errmsg":"invalid code"}', "refused"],
    ['{"errcode":-1,"errmsg":"system error"}', "unknown"],
    ['{"openid":""}', "unknown"],
    ['{"openid":7}', "unknown"],
    ["<html>", "unknown"],
    ["null", "unknown"],
    [null, "unknown"],
  ];
  for (const [body, end] of answers) {
    it(`is ${end} for ${body}`, async () => {
      assert.equal((await wechat(body).identify.buyerOf(real, "CODE")).end, end);
    });
  }
});

describe("Alipay tells who its user is", () => {
  const hosts: readonly [gateway: string, page: string][] = [
    ["https://openapi.alipay.com/gateway.do", "https://openauth.alipay.com"],
    ["https://openapi-sandbox.dl.alipaydev.com/gateway.do", "https://openauth-sandbox.dl.alipaydev.com"],
    ["http://127.0.0.1:9/gateway.do", "http://127.0.0.1:9"],
  ];
  for (const [gateway, page] of hosts) {
    it(`at the page beside ${gateway}`, () => {
      const { identify } = createAlipay(answering(null).deps);
      assert.equal(
        identify?.authorizeUrl(context(gateway, { appId: "2021000000000001" }), asked),
        `${page}/oauth2/publicAppAuthorize.htm?app_id=2021000000000001&scope=auth_base` +
          "&redirect_uri=https%3A%2F%2Fpay.example.com%2Fq%2Fo%2Fback&state=abc123",
      );
    });
  }
});
