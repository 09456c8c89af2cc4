// The shop inbox: where a pretend shop receives the platform's webhooks.
//
//   shop       a name in the URL, `/inbox/{shop}`, with the secrets it was told
//   delivery   one request that arrived for a shop, kept whether it was believed or not
//   verified   one of the shop's secrets signed exactly the bytes that came, within five minutes
//   refusal    why a delivery was not believed
//   repeat     a verified delivery whose webhook-id the shop has verified before
//   behaviour  how the shop answers what it believes, when told to play a failing or a slow one

/** Why a delivery was not believed. */
export interface Refusal {
  readonly code: "missing_header" | "bad_timestamp" | "too_old" | "too_new" | "no_secret" | "bad_signature";
  readonly message: string;
}

/** How a shop answers verified deliveries; `timesLeft` null means until told otherwise. */
export interface Behaviour {
  readonly status: number;
  readonly delayMs: number;
  readonly body: string;
  readonly timesLeft: number | null;
}

/** What a shop is known by; `deliveries` and `refused` count what is kept at present. */
export interface Shop {
  readonly name: string;
  readonly secrets: readonly string[];
  readonly behaviour: Behaviour | null;
  readonly deliveries: number;
  readonly refused: number;
}

/** A delivery as it arrives; `answered` is the HTTP status given, null while it is being delayed. */
export interface NewDelivery {
  readonly shop: string;
  readonly receivedAt: Date;
  readonly webhookId: string | null;
  readonly type: string | null;
  readonly refusal: Refusal | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly answered: number | null;
}

/** A delivery as it is kept; `number` rises with arrival. */
export interface Delivery extends NewDelivery {
  readonly number: number;
  readonly repeat: boolean;
}

/** What a list of deliveries is asked for; null means any. Newest first, numbers below `before`. */
export interface DeliveryQuery {
  readonly shop: string | null;
  readonly verified: boolean | null;
  readonly type: string | null;
  readonly webhookId: string | null;
  readonly before: number | null;
  readonly limit: number;
}

export const LIMITS = {
  bodyBytes: 1_048_576,
  deliveriesKeptPerShop: 2_000,
  secrets: 8,
  delayMs: 60_000,
  answerBodyBytes: 65_536,
  listDefault: 50,
  listMax: 200,
} as const;

// PostgreSQL refuses a text with a NUL in it, and no event is called anything stranger than this.
const PLAIN_TYPE = /^[\x21-\x7e]{1,128}$/;
const SHOP_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** A shop's name is a path segment; `shops` is taken by the list of them. */
export function isShopName(text: string): boolean {
  return SHOP_NAME.test(text) && text !== "shops";
}

type Read<T> = { readonly ok: T } | { readonly wrong: string };

/** The behaviour that a body asks for; null is the ordinary one: 204 at once. */
export function readBehaviour(value: unknown): Read<Behaviour | null> {
  if (!isRecord(value)) return { wrong: "Send a JSON object." };
  const known = ["status", "delay_ms", "body", "times"];
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) return { wrong: `${unknown} is unknown; known are ${known.join(", ")}.` };
  if (Object.keys(value).length === 0) return { ok: null };

  const { body = "", delay_ms: delayMs = 0, times = null } = value;
  const { status = body === "" ? 204 : 200 } = value;
  if (!isIntegerWithin(status, 200, 599)) return { wrong: "status is an HTTP status from 200 to 599." };
  if (!isIntegerWithin(delayMs, 0, LIMITS.delayMs)) {
    return { wrong: `delay_ms is a whole number from 0 to ${LIMITS.delayMs}.` };
  }
  if (typeof body !== "string" || Buffer.byteLength(body) > LIMITS.answerBodyBytes) {
    return { wrong: `body is a text of at most ${LIMITS.answerBodyBytes} bytes.` };
  }
  if (body.includes("\0")) return { wrong: "body has no NUL character." };
  if (times !== null && !isIntegerWithin(times, 1, 1_000_000)) {
    return { wrong: "times is a whole number from 1 to 1000000; leave it out for always." };
  }
  return { ok: { status, delayMs, body, timesLeft: times } };
}

/**
 * The texts given as `secret` or `secrets`, newest first; whether each is one is the signature's question.
 */
export function readSecrets(value: unknown): Read<string[]> {
  if (!isRecord(value)) return { wrong: "Send a JSON object." };
  const unknown = Object.keys(value).find((name) => name !== "secret" && name !== "secrets");
  if (unknown !== undefined) return { wrong: `${unknown} is unknown; known are secret and secrets.` };
  const given = value.secrets ?? [value.secret];
  if (!Array.isArray(given) || given.length === 0 || given.length > LIMITS.secrets) {
    return { wrong: `secrets is a list of 1 to ${LIMITS.secrets} texts.` };
  }
  if (!given.every((secret) => typeof secret === "string")) {
    return { wrong: "secret is a text that starts with whsec_." };
  }
  return { ok: given };
}

/** The event's type, as Standard Webhooks puts it into the payload; none where it is not plain text. */
export function typeOf(body: string): string | null {
  const payload = parsed(body);
  const type = isRecord(payload) ? payload.type : null;
  return typeof type === "string" && PLAIN_TYPE.test(type) ? type : null;
}

const SECRET_HEADERS = ["authorization", "proxy-authorization", "cookie"];

/** Headers fit to be shown: a signature is recognisable but of no use, a credential is gone. */
export function maskHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const masked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (SECRET_HEADERS.includes(name)) masked[name] = "•••";
    else if (name === "webhook-signature") {
      masked[name] = value
        .split(" ")
        .map((part) => `${part.slice(0, 9)}…`)
        .join(" ");
    } else masked[name] = value;
  }
  return masked;
}

/** A delivery as programs read it: `payload` is the JSON that came, or the bare text where it is none. */
export function presentDelivery(delivery: Delivery): Record<string, unknown> {
  return {
    id: String(delivery.number),
    shop: delivery.shop,
    webhook_id: delivery.webhookId,
    received_at: delivery.receivedAt.toISOString(),
    verified: delivery.refusal === null,
    refusal: delivery.refusal,
    repeat: delivery.repeat,
    type: delivery.type,
    payload: parsed(delivery.body) ?? delivery.body,
    headers: maskHeaders(delivery.headers),
    answered: delivery.answered,
  };
}

/** A shop as programs read it; its secrets stay its own. */
export function presentShop(shop: Shop): Record<string, unknown> {
  const { behaviour } = shop;
  return {
    shop: shop.name,
    secrets: shop.secrets.length,
    behaviour: behaviour && {
      status: behaviour.status,
      delay_ms: behaviour.delayMs,
      body: behaviour.body,
      times: behaviour.timesLeft,
    },
    deliveries: shop.deliveries,
    refused: shop.refused,
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isIntegerWithin(value: unknown, min: number, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}
