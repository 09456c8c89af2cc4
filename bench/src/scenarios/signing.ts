/**
 * `signing`: what the cryptography of a real channel costs a payment, which the instant channel leaves out.
 * Microseconds of one core for each call.
 */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { AlipayCredentials } from "../../../server/src/channels/alipay/credentials.ts";
import { signedParameters } from "../../../server/src/channels/alipay/requests.ts";
import { signText, verifyNotification, verifyText } from "../../../server/src/channels/alipay/signing.ts";
import { type Figures, round } from "../summary.ts";
import type { Given, Outcome } from "./scenario.ts";

const CALLS = 4_000;
const WARM_UP_CALLS = 500;
const RSA_BITS = 2_048;

export async function signing({ scenario, progress }: Given): Promise<Outcome> {
  const alipay = alipayFigures();
  progress(`alipay: ${JSON.stringify(alipay)}`);
  return { figures: { scenario, calls: CALLS, us_per_call: { alipay } }, valid: true };
}

/** Alipay: RSA2, which is SHA256withRSA by a key of 2,048 bits. */
function alipayFigures(): Figures {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: RSA_BITS });
  const answer = JSON.stringify({
    code: "10000",
    msg: "Success",
    out_trade_no: "att01k0000000000000000000000",
    qr_code: "https://qr.alipay.com/bavh4wjlxf12tper3a",
  });
  const answerSignature = signText(answer, privateKey);
  const notification = signedNotification(privateKey);
  const request = requestOf(privateKey, publicKey);
  return {
    sign_request: usPerCall(request),
    verify_answer: usPerCall(() => must(verifyText(answer, answerSignature, publicKey))),
    verify_notification: usPerCall(() => must(verifyNotification(notification, publicKey))),
  };
}

/** An order by QR code, as the connector signs it. */
function requestOf(privateKey: KeyObject, publicKey: KeyObject): () => void {
  const credentials: AlipayCredentials = {
    appId: "2021000000000001",
    sellerId: "2088000000000001",
    appAuthToken: null,
    privateKey,
    alipayPublicKey: publicKey,
    certificates: null,
    encryptKey: null,
  };
  const at = new Date(0);
  const content = {
    out_trade_no: "att01k0000000000000000000000",
    total_amount: "12.34",
    subject: "A cup of tea",
    time_expire: "2026-11-20 11:30:07",
    product_code: "FACE_TO_FACE_PAYMENT",
  };
  const notifyUrl = "https://pay.example/notify/alipay/cha_01k00000000000000000000000";
  return () => {
    signedParameters({ method: "alipay.trade.precreate", content, notifyUrl }, credentials, at);
  };
}

function signedNotification(privateKey: KeyObject): Readonly<Record<string, string>> {
  const covered: Record<string, string> = {
    app_id: "2021000000000001",
    auth_app_id: "2021000000000001",
    buyer_pay_amount: "12.34",
    charset: "utf-8",
    gmt_payment: "2026-11-20 09:30:09",
    notify_id: "2026112000222093009000000000000000",
    notify_time: "2026-11-20 09:30:10",
    notify_type: "trade_status_sync",
    out_trade_no: "att01k0000000000000000000000",
    receipt_amount: "12.34",
    seller_id: "2088000000000001",
    subject: "A cup of tea",
    total_amount: "12.34",
    trade_no: "2026112022001400000000000000",
    trade_status: "TRADE_SUCCESS",
    version: "1.0",
  };
  const text = Object.keys(covered)
    .sort()
    .map((name) => `${name}=${covered[name]}`)
    .join("&");
  return { ...covered, sign: signText(text, privateKey), sign_type: "RSA2" };
}

function must(isTrue: boolean): void {
  if (!isTrue) throw new Error("a signature of its own key was refused");
}

function usPerCall(call: () => void): number {
  for (let done = 0; done < WARM_UP_CALLS; done += 1) call();
  const begun = process.cpuUsage();
  for (let done = 0; done < CALLS; done += 1) call();
  const { user, system } = process.cpuUsage(begun);
  return round((user + system) / CALLS);
}
