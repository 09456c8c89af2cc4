import { randomToken, type SandboxRandom } from "../clock.ts";
import type { Message, Notification } from "../notifications/index.ts";
import type { SandboxStore } from "../store/index.ts";
import { type Endpoint, endpoints } from "./model.ts";
import { withAmountOff } from "./notification-kind.ts";
import { signatureHeader } from "./wire/signature.ts";

/** One delivery: signed anew, with the endpoint's secrets of this moment; a forgery as its kind tells. */
export async function composeStripe(
  deps: { store: SandboxStore; random: SandboxRandom },
  notification: Notification,
  now: Date,
): Promise<Message> {
  const endpoint = await deps.store.get(endpoints, notification.params.endpoint ?? "");
  // An endpoint that is gone signs nothing any more; what was on its way to it arrives unsigned, and is
  // refused.
  const secrets = endpoint ? secretsOf(endpoint, now) : [];
  const body = pretty(notification.params.event!);
  const headers = {
    "content-type": "application/json; charset=utf-8",
    accept: "*/*; q=0.5, application/xml",
    "cache-control": "no-cache",
    "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
  };
  const signed = (by: readonly string[]) => ({
    ...headers,
    "stripe-signature": signatureHeader(by, now, body),
  });
  switch (notification.forged) {
    case null:
    case "probe":
      return { headers: signed(secrets), body };
    case "tampered":
      return { headers: signed(secrets), body: pretty(withAmountOff(notification.params, 1).event!) };
    case "foreign_key":
      return { headers: signed([`whsec_${randomToken(deps.random, 24)}`]), body };
    case "unsigned":
      return { headers, body };
  }
}

/** The endpoint's secret, and beside it the one it replaces while that is good. */
function secretsOf(endpoint: Endpoint, now: Date): string[] {
  const { secret, rolled } = endpoint;
  return rolled && now < rolled.until ? [secret, rolled.secret] : [secret];
}

/** Stripe writes its JSON with line breaks: who parses before verifying, fails here as there. */
function pretty(json: string): string {
  return JSON.stringify(JSON.parse(json), null, 2);
}
