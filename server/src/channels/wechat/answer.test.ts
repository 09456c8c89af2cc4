import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channelCodeOf, type RawAnswer, readAnswer } from "./answer.ts";
import { bare, KEY_ID, NOW, newPair, type Returned, signed } from "./testing.ts";

const wechat = newPair();
const stranger = newPair();
const keys = new Map([[KEY_ID, wechat.publicKey]]);

function read(returned: Returned): string {
  const { result } = readAnswer(returned as RawAnswer, keys, NOW);
  if (result.end === "answer") return `answer ${result.answer.code ?? "yes"}`;
  return result.end === "refused" ? `refused ${result.code} ${result.retryable}` : result.end;
}
const no = (code: string) => ({ code, message: "because" });
const mine = (status: number, body: object | string) => signed(status, body, wechat.privateKey);

describe("an answer of WeChat Pay", () => {
  const cases: readonly (readonly [title: string, answer: Returned, end: string])[] = [
    ["a signed yes", mine(200, { code_url: "weixin://x" }), "answer yes"],
    ["a signed yes without a body", mine(204, ""), "answer yes"],
    ["a yes that is not signed", bare(200, { code_url: "weixin://x" }), "unknown"],
    ["a yes without body or signature", bare(204, ""), "unknown"],
    ["a yes signed by somebody else", signed(200, {}, stranger.privateKey), "unknown"],
    ["a yes of a key that is not known", signed(200, {}, wechat.privateKey, "5157F09E"), "unknown"],
    ["a signed yes that is no JSON", mine(200, "<xml/>"), "unknown"],
    ["a signed yes that is a list", mine(200, "[]"), "unknown"],
    ["a signed no", mine(404, no("ORDER_NOT_EXIST")), "answer ORDER_NOT_EXIST"],
    ["a signed no for lack of funds", mine(403, no("NOT_ENOUGH")), "answer NOT_ENOUGH"],
    ["a no signed by somebody else", signed(404, no("ORDER_NOT_EXIST"), stranger.privateKey), "unknown"],
    ["a no that is not signed", bare(404, no("ORDER_NOT_EXIST")), "unknown"],
    ["a refused signature", bare(401, no("SIGN_ERROR")), "refused SIGN_ERROR false"],
    ["a signed refusal of our signature", mine(401, no("SIGN_ERROR")), "refused SIGN_ERROR false"],
    ["a no to our signature by a stranger", signed(401, no("SIGN_ERROR"), stranger.privateKey), "unknown"],
    ["too many calls", bare(429, no("FREQUENCY_LIMITED")), "not_sent"],
    ["too many calls, without a word", bare(429, ""), "not_sent"],
    ["too many calls, signed", mine(403, no("FREQUENCY_LIMITED")), "not_sent"],
    ["too many calls, said by nobody", bare(403, no("FREQUENCY_LIMITED")), "unknown"],
    ["the channel's own unknown", mine(500, no("SYSTEM_ERROR")), "unknown"],
    ["the channel's own unknown under another status", mine(400, no("SYSTEM_ERROR")), "unknown"],
    ["a bank that does not answer", mine(502, no("BANK_ERROR")), "unknown"],
    ["a service that is not there", bare(503, "<html>"), "unknown"],
    ["a redirect", bare(302, ""), "unknown"],
    ["a no without a code", mine(400, { message: "x" }), "unknown"],
    ["a no that is no JSON", mine(404, "<html>"), "unknown"],
    ["a no with bytes that are not UTF-8", bare(404, Buffer.from([0x7b, 0xff, 0x7d])), "unknown"],
  ];
  for (const [title, answer, end] of cases) {
    it(`${title}: ${end}`, () => assert.equal(read(answer), end));
  }

  it("has a code for people: the status, and the word of a no", () => {
    assert.equal(channelCodeOf(200, { code_url: "x" }), "200");
    assert.equal(channelCodeOf(404, no("ORDER_NOT_EXIST")), "404/ORDER_NOT_EXIST");
    assert.equal(channelCodeOf(502, null), "502");
  });
});
