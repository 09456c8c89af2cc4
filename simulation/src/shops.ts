/** Merchants' own servers: they take webhooks, check their signatures, and remember what they were told. */
import { createHmac } from "node:crypto";
import type { Body } from "./body.ts";
import type { Chance } from "./chance.ts";
import type { Place } from "./network.ts";

export const SHOP_URL = "http://shop.test";

/** What a merchant was told, once however often it was sent. */
export type Told = { readonly eventId: string; readonly type: string; readonly data: Data };

type Resource = "payment" | "refund" | "dispute" | "settlement" | "payout" | "share";
type Data = { readonly [resource in Resource]?: Body };

export type Shops = {
  readonly answer: Place;
  /** A shop that knows its endpoint's secret; the address of its endpoint. */
  open(name: string): { url: string; know(secret: string): void };
  /** Every event that a shop acknowledged, in the order of its first arrival. */
  toldTo(name: string): readonly Told[];
  /** From now on every shop that still is one takes everything at once. */
  calm(): void;
};

type Shop = {
  secret: string;
  readonly failing: number;
  /** Never comes back: what it should have been told becomes dead letters. */
  readonly gone: boolean;
  readonly told: Map<string, Told>;
};

export function createShops(chance: Chance, violated: (what: string) => void): Shops {
  const shops = new Map<string, Shop>();
  let calm = false;

  const reply = (status: number, body: string) => ({ status, headers: {}, body: Buffer.from(body) });
  return {
    open: (name) => {
      const health = chance.weighed({ well: 12, flaky: 6, down: 2, gone: 1 });
      const failing = { well: 0, flaky: 0.3, down: 0.95, gone: 1 }[health];
      const shop: Shop = { secret: "", failing, gone: health === "gone", told: new Map() };
      shops.set(name, shop);
      return {
        url: `${SHOP_URL}/${name}`,
        know: (secret) => {
          shop.secret = secret;
        },
      };
    },
    toldTo: (name) => [...(shops.get(name) as Shop).told.values()],
    calm: () => {
      calm = true;
    },
    answer: async ({ url, headers, body }) => {
      const shop = shops.get(new URL(url).pathname.slice(1));
      if (shop === undefined) return reply(404, "");
      if (!signatureHolds(shop.secret, headers, body ?? "")) {
        violated(`a webhook to ${url} bears no valid signature`);
        return reply(400, "");
      }
      const event = JSON.parse(body ?? "") as { id: string; type: string; data: Data };
      if (shop.gone || (!calm && chance.hits(shop.failing)))
        return reply(chance.pick([500, 503, 302, 410]), "not now");
      const eventId = headers["webhook-id"] as string;
      const known = shop.told.get(eventId);
      const told: Told = { eventId, type: event.type, data: event.data };
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(told)) {
        violated(`the event ${eventId} was told twice with different words`);
      }
      if (known === undefined) shop.told.set(eventId, told);
      return reply(200, "success");
    },
  };
}

function signatureHolds(secret: string, headers: Readonly<Record<string, string>>, body: string): boolean {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const expected = createHmac("sha256", key).update(content).digest("base64");
  return (headers["webhook-signature"] ?? "").split(" ").includes(`v1,${expected}`);
}
