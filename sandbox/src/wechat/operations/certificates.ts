import { X509Certificate } from "node:crypto";
import { randomToken } from "../../clock.ts";
import { seal } from "../wire/aead.ts";
import { ok } from "../wire/answer.ts";
import { WechatRefusal } from "../wire/refusals.ts";
import { formatRfc3339 } from "../wire/time.ts";
import type { Operation } from "./call.ts";

/** `GET /v3/certificates`: the platform's certificates, encrypted; a merchant with a public key has none. */
export const certificates: Operation = {
  name: "certificates",
  verb: "GET",
  path: "/v3/certificates",
  orderOf: async () => undefined,
  carryOut: async (deps, { merchant }) => {
    const data = merchant.platformKeys.flatMap(({ id, certificate }) => {
      if (certificate === null) return [];
      const { validFrom, validTo } = new X509Certificate(certificate);
      return [
        {
          serial_no: id,
          effective_time: formatRfc3339(new Date(validFrom)),
          expire_time: formatRfc3339(new Date(validTo)),
          encrypt_certificate: seal(
            certificate,
            merchant.apiV3Key,
            randomToken(deps.random, 9),
            "certificate",
          ),
        },
      ];
    });
    if (data.length === 0) {
      throw new WechatRefusal(
        "RESOURCE_NOT_EXISTS",
        "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥",
      );
    }
    return ok({ data });
  },
};
