import type { FastifyInstance } from "fastify";
import { bareKey } from "../../certificates/index.ts";
import { bodyOf, booleanField, integerField, Refused, textField } from "../../refuse.ts";
import type { App } from "../model.ts";
import {
  type AppAsked,
  type AppDeps,
  appOrRefusal,
  provisionApp,
  rotateAppKey,
  rotatePlatformKey,
} from "./service.ts";

/** 0.6 %, what Alipay commonly charges a shop. */
const feeRateDefault = 6_000;
const feeRateMax = 1_000_000;

/**
 * What Alipay's console does for a merchant: registering an app and changing its keys. Not part of its
 * protocol.
 */
export function registerAppRoutes(app: FastifyInstance, deps: AppDeps & { url: () => string }): void {
  app.post("/alipay/apps", async (request, reply) => {
    const { app: made, created } = await provisionApp(deps, appAsked(request.body));
    return reply.code(created ? 201 : 200).send(viewApp(made, deps.url()));
  });
  app.get("/alipay/apps/:app_id", async (request) => {
    const { app_id: appId } = request.params as { app_id: string };
    return viewApp(await appOrRefusal(deps.store, appId), deps.url());
  });
  app.post("/alipay/apps/:app_id/keys", async (request) => {
    const { app_id: appId } = request.params as { app_id: string };
    const key = requiredText(bodyOf(request.body, ["app_public_key"]), "app_public_key");
    return viewApp(await rotateAppKey(deps, appId, key), deps.url());
  });
  app.post("/alipay/apps/:app_id/rotate-platform-key", async (request) => {
    const { app_id: appId } = request.params as { app_id: string };
    return viewApp(await rotatePlatformKey(deps, appId), deps.url());
  });
}

function appAsked(given: unknown): AppAsked {
  const body = bodyOf(given, [
    "app_id",
    "app_public_key",
    "pid",
    "mode",
    "service_provider",
    "merchant_name",
    "fee_rate_millionths",
  ]);
  const mode = textField(body, "mode") ?? "public_key";
  if (mode !== "public_key" && mode !== "certificate") {
    throw new Refused(400, "field_invalid", "mode must be public_key or certificate.");
  }
  return {
    appId: sixteenDigits(body, "app_id", /^\d{16}$/, "16 digits"),
    appPublicKey: requiredText(body, "app_public_key"),
    pid: sixteenDigits(body, "pid", /^2088\d{12}$/, "16 digits that begin with 2088"),
    mode,
    serviceProvider: booleanField(body, "service_provider") ?? false,
    merchantName: textField(body, "merchant_name", 64) ?? "Sandbox Shop",
    feeRateMillionths: BigInt(integerField(body, "fee_rate_millionths", 0, feeRateMax) ?? feeRateDefault),
  };
}

function requiredText(body: Record<string, unknown>, name: string): string {
  const value = textField(body, name, 16_384);
  if (value === undefined) throw new Refused(400, "field_missing", `${name} is required.`);
  return value;
}

function sixteenDigits(
  body: Record<string, unknown>,
  name: string,
  pattern: RegExp,
  wanted: string,
): string | null {
  const value = textField(body, name);
  if (value === undefined) return null;
  if (!pattern.test(value)) throw new Refused(400, "field_invalid", `${name} must be ${wanted}.`);
  return value;
}

function viewApp(app: App, url: string): object {
  return {
    app_id: app.appId,
    pid: app.pid,
    merchant_name: app.merchantName,
    mode: app.mode,
    app_public_key: bareKey(app.appPublicKey),
    alipay_public_key: bareKey(app.platformPublicKey),
    gateway_url: `${url}/gateway.do`,
    fee_rate_millionths: Number(app.feeRateMillionths),
    ...(app.authorisation && {
      app_auth_token: app.authorisation.appAuthToken,
      merchant_pid: app.authorisation.sellerId,
      auth_app_id: app.authorisation.authAppId,
    }),
    ...(app.certificates && {
      app_cert: app.certificates.appCert,
      alipay_cert: app.certificates.alipayCert,
      alipay_root_cert: app.certificates.rootCert,
    }),
  };
}
