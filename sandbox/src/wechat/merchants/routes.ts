import type { FastifyInstance } from "fastify";
import { bareKey } from "../../certificates/index.ts";
import { bodyOf, integerField, Refused, textField } from "../../refuse.ts";
import type { WechatDeps } from "../context.ts";
import type { Merchant } from "../model.ts";
import {
  type MerchantAsked,
  merchantOrRefusal,
  provisionMerchant,
  rotateMerchantKey,
  rotatePlatformKey,
} from "./service.ts";

/** 0.6 %, what WeChat Pay commonly charges a shop. */
const feeRateDefault = 6_000;
const feeRateMax = 1_000_000;
const subMerchantsMax = 50;

const mchidPattern = /^\d{10}$/;
const appidPattern = /^wx[0-9a-f]{16}$/;

/** What WeChat Pay's merchant console does: registering, and changing keys. Not part of its protocol. */
export function registerMerchantRoutes(app: FastifyInstance, deps: WechatDeps): void {
  app.post("/wechat/merchants", async (request, reply) => {
    const { merchant, created } = await provisionMerchant(deps, merchantAsked(request.body));
    return reply.code(created ? 201 : 200).send(viewMerchant(merchant, deps.url()));
  });
  app.get("/wechat/merchants/:mchid", async (request) => {
    const { mchid } = request.params as { mchid: string };
    return viewMerchant(await merchantOrRefusal(deps.store, mchid), deps.url());
  });
  app.post("/wechat/merchants/:mchid/keys", async (request) => {
    const { mchid } = request.params as { mchid: string };
    const key = textField(bodyOf(request.body, ["merchant_public_key"]), "merchant_public_key", 16_384);
    if (key === undefined) throw new Refused(400, "field_missing", "merchant_public_key is required.");
    return viewMerchant(await rotateMerchantKey(deps, mchid, key), deps.url());
  });
  app.post("/wechat/merchants/:mchid/rotate-platform-key", async (request) => {
    const { mchid } = request.params as { mchid: string };
    return viewMerchant(await rotatePlatformKey(deps, mchid), deps.url());
  });
}

function merchantAsked(given: unknown): MerchantAsked {
  const body = bodyOf(given, [
    "mchid",
    "appid",
    "merchant_public_key",
    "mode",
    "sub_mchids",
    "merchant_name",
    "refund_notify_url",
    "fee_rate_millionths",
  ]);
  const mode = textField(body, "mode") ?? "public_key";
  if (mode !== "public_key" && mode !== "certificate") {
    throw new Refused(400, "field_invalid", "mode must be public_key or certificate.");
  }
  return {
    mchid: shaped(body, "mchid", mchidPattern, "10 digits"),
    appid: shaped(body, "appid", appidPattern, "wx and 16 hexadecimal digits"),
    publicKey: textField(body, "merchant_public_key", 16_384) ?? null,
    mode,
    subMchids: subMchidsOf(body.sub_mchids),
    merchantName: textField(body, "merchant_name", 64) ?? "Sandbox Shop",
    refundNotifyUrl: textField(body, "refund_notify_url", 256) ?? null,
    feeRateMillionths: BigInt(integerField(body, "fee_rate_millionths", 0, feeRateMax) ?? feeRateDefault),
  };
}

function subMchidsOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const fits = (one: unknown): one is string => typeof one === "string" && mchidPattern.test(one);
  if (Array.isArray(value) && value.length <= subMerchantsMax && value.every(fits)) return value;
  throw new Refused(400, "field_invalid", `sub_mchids must be a list of at most ${subMerchantsMax} mchids.`);
}

function shaped(body: Record<string, unknown>, name: string, pattern: RegExp, wanted: string): string | null {
  const value = textField(body, name);
  if (value === undefined) return null;
  if (!pattern.test(value)) throw new Refused(400, "field_invalid", `${name} must be ${wanted}.`);
  return value;
}

function viewMerchant(merchant: Merchant, url: string): object {
  const publicKey = merchant.platformKeys.findLast((key) => key.certificate === null)!;
  const certified = merchant.platformKeys.findLast((key) => key.certificate !== null);
  return {
    mchid: merchant.mchid,
    appid: merchant.appid,
    app_secret: merchant.appSecret ?? null,
    merchant_name: merchant.merchantName,
    mode: merchant.mode,
    api_v3_key: merchant.apiV3Key,
    api_v2_key: merchant.apiV2Key ?? null,
    merchant_serial: merchant.serial,
    merchant_public_key: bareKey(merchant.publicKey),
    merchant_certificate: merchant.certificate,
    ...(merchant.privateKey !== null && { merchant_private_key: merchant.privateKey }),
    platform_public_key_id: publicKey.id,
    platform_public_key: publicKey.publicKey,
    ...(certified && {
      platform_certificate_serial: certified.id,
      platform_certificate: certified.certificate,
    }),
    ...(merchant.subMerchants.length > 0 && {
      sub_merchants: merchant.subMerchants.map((sub) => ({
        sub_mchid: sub.mchid,
        sub_appid: sub.appid,
        sub_app_secret: sub.appSecret ?? null,
      })),
    }),
    gateway_url: `${url}/wechat`,
    refund_notify_url: merchant.refundNotifyUrl,
    fee_rate_millionths: Number(merchant.feeRateMillionths),
  };
}
