import type { FastifyInstance } from "fastify";
import { bareKey } from "../../certificates/index.ts";
import { bodyOf, integerField, Refused, textField } from "../../refuse.ts";
import type { UnionpayDeps } from "../context.ts";
import type { Chain, Merchant } from "../model.ts";
import { chainOf, rotateSigning } from "./chain.ts";
import { type MerchantAsked, merchantOrRefusal, provisionMerchant, rotateMerchantKey } from "./service.ts";

/** 0.6 %, as the sandbox's other channels charge. */
const feeRateDefault = 6_000;
const feeRateMax = 1_000_000;
/** The system itself forgets a payment after 330 days. */
const refundWindowDaysMax = 330;
const refundWindowDaysDefault = 90;
const codeRefundWindowDaysDefault = 30;

/** What the merchant service platform does: registering, and changing keys. Not part of the protocol. */
export function registerUnionpayMerchantRoutes(app: FastifyInstance, deps: UnionpayDeps): void {
  app.post("/unionpay/merchants", async (request, reply) => {
    const { merchant, created } = await provisionMerchant(deps, merchantAsked(request.body));
    return reply.code(created ? 201 : 200).send(viewMerchant(merchant, await chainOf(deps), deps.url()));
  });
  app.get("/unionpay/merchants/:mer_id", async (request) => {
    const { mer_id: merId } = request.params as { mer_id: string };
    return viewMerchant(await merchantOrRefusal(deps.store, merId), await chainOf(deps), deps.url());
  });
  app.post("/unionpay/merchants/:mer_id/keys", async (request) => {
    const { mer_id: merId } = request.params as { mer_id: string };
    const shown = shownOf(bodyOf(request.body, ["merchant_certificate", "merchant_public_key"]));
    return viewMerchant(await rotateMerchantKey(deps, merId, shown), await chainOf(deps), deps.url());
  });
  app.post("/unionpay/rotate-signing-certificate", async () => {
    const { signing } = await rotateSigning(deps);
    return { signing_certificate: signing.certificate };
  });
}

function merchantAsked(given: unknown): MerchantAsked {
  const body = bodyOf(given, [
    "mer_id",
    "merchant_certificate",
    "merchant_public_key",
    "merchant_name",
    "merchant_category_code",
    "fee_rate_millionths",
    "refund_window_days",
    "code_refund_window_days",
  ]);
  const days = (name: string, otherwise: number) =>
    integerField(body, name, 1, refundWindowDaysMax) ?? otherwise;
  return {
    merId: shaped(body, "mer_id", /^\d{15}$/, "15 digits"),
    ...shownOf(body),
    merchantName: textField(body, "merchant_name", 64) ?? "Sandbox Shop",
    categoryCode: shaped(body, "merchant_category_code", /^\d{4}$/, "4 digits") ?? "5411",
    feeRateMillionths: BigInt(integerField(body, "fee_rate_millionths", 0, feeRateMax) ?? feeRateDefault),
    refundWindowDays: days("refund_window_days", refundWindowDaysDefault),
    codeRefundWindowDays: days("code_refund_window_days", codeRefundWindowDaysDefault),
  };
}

function shownOf(body: Record<string, unknown>) {
  return {
    certificate: textField(body, "merchant_certificate", 16_384) ?? null,
    publicKey: textField(body, "merchant_public_key", 16_384) ?? null,
  };
}

function shaped(body: Record<string, unknown>, name: string, pattern: RegExp, wanted: string): string | null {
  const value = textField(body, name);
  if (value === undefined) return null;
  if (!pattern.test(value)) throw new Refused(400, "field_invalid", `${name} must be ${wanted}.`);
  return value;
}

function viewMerchant(merchant: Merchant, chain: Chain, url: string): object {
  return {
    mer_id: merchant.merId,
    merchant_name: merchant.merchantName,
    merchant_category_code: merchant.categoryCode,
    cert_id: merchant.certId,
    merchant_certificate: merchant.certificate,
    merchant_public_key: bareKey(merchant.publicKey),
    ...(merchant.privateKey !== null && { merchant_private_key: merchant.privateKey }),
    root_certificate: chain.root.certificate,
    middle_certificate: chain.middle.certificate,
    gateway_url: url,
    file_url: `${url}/unionpay/file/`,
    fee_rate_millionths: Number(merchant.feeRateMillionths),
    refund_window_days: merchant.refundWindowDays,
    code_refund_window_days: merchant.codeRefundWindowDays,
  };
}
