import { randomToken } from "../../clock.ts";
import { lockOrder, transact, type Work } from "../context.ts";
import { type Order, orders } from "../model.ts";
import { insertOrder, newOrder, sameOrderOrRefuse } from "../place.ts";
import { success } from "../wire/answer.ts";
import type { Method } from "./call.ts";

/** alipay.trade.precreate: a code to show to the buyer. There is no trade until somebody opens it. */
export const precreate: Method = (deps, call) =>
  transact(deps, async (unit) => {
    const asked = newOrder(unit, { ...call, scene: "qr" });
    const known = await lockOrder(unit, asked.id);
    const order = known ? await refreshed(unit, sameOrderOrRefuse(known, asked), asked) : asked;
    const shown = order === asked ? await insertOrder(unit, withCode(unit, asked)) : order;
    return success({ out_trade_no: shown.outTradeNo, qr_code: shown.qrCode });
  });

/** The same code for a repeated call; a new one where the old one went past its time unopened. */
async function refreshed(unit: Work, known: Order, asked: Order): Promise<Order> {
  if (known.trade || unit.now < known.qrExpiresAt!) return known;
  const { placedAt, expiresAt, qrExpiresAt } = asked;
  const again = withCode(unit, { ...known, placedAt, expiresAt, qrExpiresAt });
  await unit.tx.update(orders, again);
  return again;
}

function withCode(unit: Work, order: Order): Order {
  const code = randomToken(unit.deps.random, 24).toLowerCase().replace(/[-_]/g, "0").slice(0, 20);
  return { ...order, qrCode: `https://qr.alipay.com/bax${code}` };
}
