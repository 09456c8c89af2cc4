import type { FastifyReply } from "fastify";
import type { StoreTx } from "../store/index.ts";
import { Biz, BusinessRefusal, orRefuse } from "./biz.ts";
import { type AlipayDeps, lockOrder, newTradeNo, planExpiry, transact } from "./context.ts";
import { acqSentences } from "./machine/refusals.ts";
import { openTrade } from "./machine/trade.ts";
import { pageScenes } from "./methods/table.ts";
import { type Order, orders } from "./model.ts";
import { insertOrder, newOrder, sameOrderOrRefuse } from "./place.ts";
import { verifyRequest } from "./verify.ts";
import type { Params } from "./wire/signing.ts";

/** Why a signed page request or app string could not be opened. */
export type ArrivalRefused = { code: string; sentence: string };

/**
 * A buyer arrives with a signed order (page, wap, app): the trade is created now, from the signed text alone.
 * Arriving again with the same text shows the same trade, paid or not.
 */
export async function arrive(
  deps: AlipayDeps,
  params: Params,
): Promise<{ order: Order } | { refused: ArrivalRefused }> {
  const verdict = await verifyRequest(deps.store, params, (name) => Object.hasOwn(pageScenes, name));
  if ("refused" in verdict) {
    const { sub_code: code, sub_msg: sentence } = verdict.refused;
    return { refused: { code: String(code), sentence: String(sentence) } };
  }
  const { app, seller, biz } = verdict.ok;
  const scene = pageScenes[params.method!]!;
  try {
    const order = await transact(deps, async (unit) => {
      const asked = newOrder(unit, {
        app,
        seller,
        scene,
        biz: new Biz(biz),
        notifyUrl: params.notify_url || null,
        returnUrl: params.return_url || null,
      });
      const known = await lockOrder(unit, asked.id);
      if (known?.trade?.payment && known.total === asked.total) return known;
      if (known) return reopened(unit.tx, sameOrderOrRefuse(known, asked));
      const opened = orRefuse(openTrade(asked, newTradeNo(unit), unit.now)).order;
      await insertOrder(unit, opened);
      await planExpiry(unit, opened);
      return opened;
    });
    return { order };
  } catch (error) {
    if (!(error instanceof BusinessRefusal)) throw error;
    const { code, detail } = error;
    const sentence = detail ? `${acqSentences[code]}: ${detail}` : acqSentences[code];
    return { refused: { code, sentence } };
  }
}

/** The buyer's browser at gateway.do: on to the wallet, or a page that says why not. */
export async function arriveInBrowser(
  deps: AlipayDeps,
  params: Params,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const arrived = await arrive(deps, params);
  if ("order" in arrived) return reply.redirect(`/wallet?trade=${arrived.order.token}`, 302);
  const { code, sentence } = arrived.refused;
  const page =
    `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>${escaped(code)}</title>` +
    `<meta name="viewport" content="width=device-width">` +
    `<h1>${escaped(code)}</h1><p>${escaped(sentence)}</p></html>`;
  return reply.code(200).type("text/html;charset=utf-8").send(page);
}

async function reopened(tx: StoreTx, known: Order): Promise<Order> {
  if (!known.abandonedAt) return known;
  const again = { ...known, abandonedAt: null };
  await tx.update(orders, again);
  return again;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
