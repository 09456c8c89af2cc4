import type { FastifyInstance, FastifyRequest } from "fastify";
import { bodyOf, booleanField, integerField, Refused, textField } from "../../refuse.ts";
import type { StripeDeps } from "../context.ts";
import {
  type AccountAsked,
  accountOrRefusal,
  provisionAccount,
  type Registered,
  rollKey,
  rollSecret,
  tellNotifyUrl,
} from "./service.ts";

/** 2.9 % and 30 minor units, what Stripe commonly charges; 15.00 for a dispute. */
const feeRateDefault = 29_000;
const feeRateMax = 1_000_000;
const feeFixedDefault = 30;
const disputeFeeDefault = 1_500;
const feeFixedMax = 1_000_000;
const currenciesDefault = ["usd", "eur", "jpy"];
const currenciesMax = 50;
const overlapSecondsDefault = 86_400;
const overlapSecondsMax = 7 * 86_400;

/** What Stripe's dashboard does: opening an account, and changing its keys. Not part of its API. */
export function registerAccountRoutes(app: FastifyInstance, deps: StripeDeps): void {
  app.post("/stripe/accounts", async (request, reply) => {
    const { created, ...registered } = await provisionAccount(deps, accountAsked(request.body));
    return reply.code(created ? 201 : 200).send(viewAccount(registered, deps.url()));
  });
  app.get("/stripe/accounts/:id", async (request) =>
    viewAccount(await accountOrRefusal(deps.store, idOf(request)), deps.url()),
  );
  app.post("/stripe/accounts/:id/notify-url", async (request) => {
    const url = notifyUrlOf(bodyOf(request.body, ["notify_url"]));
    if (url === null) throw new Refused(400, "field_missing", "notify_url is required.");
    return viewAccount(await tellNotifyUrl(deps, idOf(request), url), deps.url());
  });
  app.post("/stripe/accounts/:id/roll-webhook-secret", async (request) => {
    const body = bodyOf(request.body, ["overlap_seconds"]);
    const overlap = integerField(body, "overlap_seconds", 0, overlapSecondsMax) ?? overlapSecondsDefault;
    return viewAccount(await rollSecret(deps, idOf(request), BigInt(overlap)), deps.url());
  });
  app.post("/stripe/accounts/:id/roll-secret-key", async (request) =>
    viewAccount(await rollKey(deps, idOf(request)), deps.url()),
  );
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

function accountAsked(given: unknown): AccountAsked {
  const body = bodyOf(given, [
    "account_id",
    "secret_key",
    "merchant_name",
    "notify_url",
    "currencies",
    "fee_rate_millionths",
    "fee_fixed",
    "dispute_fee",
    "dispute_fee_returned",
  ]);
  return {
    id: shaped(body, "account_id", /^acct_[0-9A-Za-z]{8,24}$/, "acct_ and 8 to 24 letters or digits"),
    secretKey: shaped(
      body,
      "secret_key",
      /^sk_test_[0-9A-Za-z]{8,64}$/,
      "sk_test_ and 8 to 64 letters or digits",
    ),
    merchantName: textField(body, "merchant_name", 64) ?? "Sandbox Shop",
    notifyUrl: notifyUrlOf(body),
    currencies: currenciesOf(body.currencies),
    feeRateMillionths: BigInt(integerField(body, "fee_rate_millionths", 0, feeRateMax) ?? feeRateDefault),
    feeFixed: BigInt(integerField(body, "fee_fixed", 0, feeFixedMax) ?? feeFixedDefault),
    disputeFee: BigInt(integerField(body, "dispute_fee", 0, feeFixedMax) ?? disputeFeeDefault),
    disputeFeeReturned: booleanField(body, "dispute_fee_returned") ?? false,
  };
}

function shaped(body: Record<string, unknown>, name: string, pattern: RegExp, wanted: string): string | null {
  const value = textField(body, name, 128);
  if (value === undefined) return null;
  if (!pattern.test(value)) throw new Refused(400, "field_invalid", `${name} must be ${wanted}.`);
  return value;
}

function notifyUrlOf(body: Record<string, unknown>): string | null {
  const url = textField(body, "notify_url", 2_048);
  if (url === undefined) return null;
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new Refused(400, "field_invalid", "notify_url must be an http or https address.");
  }
  return url;
}

function currenciesOf(value: unknown): string[] {
  if (value === undefined || value === null) return currenciesDefault;
  const fits = (one: unknown): one is string => typeof one === "string" && /^[A-Za-z]{3}$/.test(one);
  if (!Array.isArray(value) || value.length < 1 || value.length > currenciesMax || !value.every(fits)) {
    throw new Refused(400, "field_invalid", "currencies must be a list of three-letter currency codes.");
  }
  return value.map((one: string) => one.toLowerCase());
}

function viewAccount({ account, endpoint }: Registered, url: string): object {
  return {
    account_id: account.id,
    merchant_name: account.merchantName,
    secret_key: account.secretKey,
    publishable_key: account.publishableKey,
    webhook_endpoint_id: endpoint.id,
    webhook_secret: endpoint.secret,
    notify_url: endpoint.url,
    enabled_events: endpoint.enabledEvents,
    api_url: url,
    currencies: account.currencies,
    fee_rate_millionths: Number(account.feeRateMillionths),
    fee_fixed: Number(account.feeFixed),
    dispute_fee: Number(account.disputeFee),
    dispute_fee_returned: account.disputeFeeReturned,
  };
}
