import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { SandboxClock } from "../clock.ts";
import { sleep } from "../clock.ts";
import { prefersHtml, sendPage } from "../pages/serve.ts";
import type { DeliveryQuery } from "./model.ts";
import {
  isShopName,
  LIMITS,
  presentDelivery,
  presentShop,
  readBehaviour,
  readSecrets,
  typeOf,
} from "./model.ts";
import { keyOf, refusalOf } from "./signature.ts";
import type { InboxStore } from "./store.ts";

export interface InboxDeps {
  readonly store: InboxStore;
  readonly clock: SandboxClock;
}

interface ShopParams {
  Params: { shop: string };
}

/** Adds the shop inbox under `/inbox` to a sandbox: its page, its JSON API and the receiver of webhooks. */
export function registerInbox(app: FastifyInstance, deps: InboxDeps): void {
  app.addHook("onReady", async () => deps.store.prepare());
  app.register(async (scope) => {
    // A signature is over the bytes that came, so nothing may parse them first.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      "*",
      { parseAs: "buffer" },
      async (_request: FastifyRequest, body: unknown) => body,
    );
    scope.addHook("preValidation", refuseStrangeShop);
    receiver(scope, deps);
    settings(scope, deps);
    readers(scope, deps);
  });
}

function receiver(app: FastifyInstance, deps: InboxDeps): void {
  const { store, clock } = deps;
  app.post<ShopParams>("/inbox/:shop", { bodyLimit: LIMITS.bodyBytes }, async (request, reply) => {
    const { shop } = request.params;
    const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const headers = flatHeaders(request);
    const receivedAt = clock.now();
    const signed = {
      id: headers["webhook-id"] ?? null,
      timestamp: headers["webhook-timestamp"] ?? null,
      signature: headers["webhook-signature"] ?? null,
    };
    const refusal = refusalOf(signed, bytes, await store.secrets(shop), receivedAt);
    const body = bytes.toString("utf8");
    const seen = { shop, receivedAt, webhookId: signed.id, type: typeOf(body), refusal, headers, body };
    if (refusal !== null) {
      await store.add({ ...seen, answered: 401 });
      return reply.code(401).send({ error: refusal });
    }

    const behaviour = await store.takeBehaviour(shop);
    if (behaviour === null) {
      await store.add({ ...seen, answered: 204 });
      return reply.code(204).send();
    }
    const { status } = behaviour;
    if (behaviour.delayMs === 0) {
      await store.add({ ...seen, answered: status });
      return answer(reply, status, behaviour.body);
    }
    const number = await store.add({ ...seen, answered: null });
    await sleep(clock, behaviour.delayMs);
    // A sender that hung up got no answer, and the list says so.
    if (request.raw.socket.destroyed) return reply.hijack();
    await store.setAnswered(number, status);
    return answer(reply, status, behaviour.body);
  });
}

function answer(reply: FastifyReply, status: number, body: string): FastifyReply {
  const bare = body === "" || status === 204 || status === 304;
  reply.code(status);
  return bare ? reply.send() : reply.type("text/plain; charset=utf-8").send(body);
}

function settings(app: FastifyInstance, deps: InboxDeps): void {
  app.put<ShopParams>("/inbox/shops/:shop", async (request, reply) => {
    const secrets = readSecrets(jsonOf(request.body));
    if ("wrong" in secrets) return refuse(reply, 400, "bad_request", secrets.wrong);
    if (secrets.ok.some((secret) => keyOf(secret) === null)) {
      const sentence = "A secret is whsec_ followed by 24 to 64 bytes in base64.";
      return refuse(reply, 400, "bad_secret", sentence);
    }
    await deps.store.setSecrets(request.params.shop, secrets.ok);
    return reply.code(200).send({ shop: request.params.shop, secrets: secrets.ok.length });
  });

  app.post<ShopParams>("/inbox/:shop/behaviour", async (request, reply) => {
    const behaviour = readBehaviour(jsonOf(request.body));
    if ("wrong" in behaviour) return refuse(reply, 400, "bad_request", behaviour.wrong);
    await deps.store.setBehaviour(request.params.shop, behaviour.ok);
    const shops = await deps.store.shops();
    return reply.send(presentShop(shops.find((shop) => shop.name === request.params.shop)!));
  });

  app.delete<ShopParams>("/inbox/:shop", async (request, reply) => {
    await deps.store.clear(request.params.shop);
    return reply.code(204).send();
  });
}

function readers(app: FastifyInstance, deps: InboxDeps): void {
  async function list(request: FastifyRequest, reply: FastifyReply, shop: string | null) {
    reply.header("vary", "accept");
    if (prefersHtml(request.headers.accept)) return sendPage(reply, "inbox.html");
    const query = readQuery(request.query as Record<string, unknown>, shop);
    if ("wrong" in query) return refuse(reply, 400, "bad_request", query.wrong);
    const { limit } = query.ok;
    const found = await deps.store.list({ ...query.ok, limit: limit + 1 });
    const page = found.slice(0, limit);
    const more = found.length > limit;
    return reply.send({
      data: page.map(presentDelivery),
      next_cursor: more ? String(page.at(-1)!.number) : null,
    });
  }

  app.get("/inbox", (request, reply) => list(request, reply, null));
  app.get<ShopParams>("/inbox/:shop", (request, reply) => list(request, reply, request.params.shop));
  app.get("/inbox/shops", async (_request, reply) => {
    const shops = await deps.store.shops();
    return reply.send({ data: shops.map(presentShop) });
  });
}

function readQuery(
  query: Record<string, unknown>,
  shop: string | null,
): { ok: DeliveryQuery } | { wrong: string } {
  const { limit = String(LIMITS.listDefault), cursor = null, verified = null, type = null } = query;
  const { webhook_id: webhookId = null, shop: named = null } = query;
  const count = typeof limit === "string" && /^[0-9]{1,4}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > LIMITS.listMax) return { wrong: `limit is a number from 1 to ${LIMITS.listMax}.` };
  if (cursor !== null && !(typeof cursor === "string" && /^[0-9]{1,15}$/.test(cursor))) {
    return { wrong: "cursor is the next_cursor of an earlier answer." };
  }
  if (verified !== null && verified !== "true" && verified !== "false") {
    return { wrong: "verified is true or false." };
  }
  if (![type, webhookId, named].every((text) => text === null || typeof text === "string")) {
    return { wrong: "A filter may be given once." };
  }
  return {
    ok: {
      shop: shop ?? (named as string | null),
      verified: verified === null ? null : verified === "true",
      type: type as string | null,
      webhookId: webhookId as string | null,
      before: cursor === null ? null : Number(cursor),
      limit: count,
    },
  };
}

async function refuseStrangeShop(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const { shop } = (request.params ?? {}) as { shop?: string };
  if (shop === undefined || isShopName(shop)) return undefined;
  const sentence = 'A shop is called by up to 64 letters, digits, _ and -; "shops" is taken.';
  return refuse(reply, 404, "no_such_shop", sentence);
}

function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).send({ error: { code, message } });
}

function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(String(body)) as unknown;
  } catch {
    return null;
  }
}

function flatHeaders(request: FastifyRequest): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}
