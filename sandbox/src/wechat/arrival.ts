import type { FastifyInstance } from "fastify";
import type { WechatDeps } from "./context.ts";

/**
 * Where an h5_url leads: the wallet opens the order that the link names, as WeChat would be started by it.
 * What is wrong with a link is said there.
 */
export function registerWechatArrival(app: FastifyInstance, deps: WechatDeps): void {
  app.get("/wechat/h5", (request, reply) => {
    const link = `${deps.url()}${request.raw.url ?? ""}`;
    return reply.redirect(`/wallet?code=${encodeURIComponent(link)}`, 302);
  });
}
