import type { FastifyInstance, FastifyReply } from "fastify";
import { withPageHeaders } from "../../pages/serve.ts";
import { Refused } from "../../refuse.ts";
import { arrive } from "../arrival.ts";
import { abandonWithUnionpay, failWithUnionpay, payWithUnionpay, unionpayOrderOfToken } from "../buyer.ts";
import type { UnionpayDeps } from "../context.ts";
import { formOf } from "../gateway.ts";
import { signerOf } from "../merchants/chain.ts";
import type { Order } from "../model.ts";
import { paymentParams } from "../notify.ts";
import { signedBy } from "../wire/message.ts";
import { cashierPage, leftPage, refusedPage, returnPage } from "./pages.ts";

/** Where the buyer's browser pays: it arrives with the merchant's signed form and leaves with UnionPay's. */
export function registerCashier(app: FastifyInstance, deps: UnionpayDeps): void {
  app.post("/gateway/api/frontTransReq.do", async (request, reply) => {
    const arrived = await arrive(deps, formOf(request.body));
    if ("refused" in arrived) return send(reply, refusedPage(arrived.refused));
    return send(reply, cashierPage(arrived.order, deps.clock.now()));
  });
  app.get("/unionpay/cashier/:token", async (request, reply) =>
    send(reply, cashierPage(await orderOf(deps, request.params), deps.clock.now())),
  );
  app.post("/unionpay/cashier/:token/pay", async (request, reply) => {
    const { token, frontUrl } = await orderOf(deps, request.params);
    await payWithUnionpay(deps, { code: token, amount: null, voucher: 0n, password: true }).catch(
      shownAsItIs,
    );
    return reply.redirect(frontUrl ? `/unionpay/return/${token}` : `/unionpay/cashier/${token}`, 303);
  });
  app.post("/unionpay/cashier/:token/fail", async (request, reply) => {
    const { token } = await orderOf(deps, request.params);
    await failWithUnionpay(deps, token, undefined).catch(shownAsItIs);
    return reply.redirect(`/unionpay/cashier/${token}`, 303);
  });
  app.post("/unionpay/cashier/:token/leave", async (request, reply) => {
    const { token } = await orderOf(deps, request.params);
    return send(reply, leftPage(await abandonWithUnionpay(deps, token)));
  });
  app.get("/unionpay/return/:token", async (request, reply) => {
    const order = await orderOf(deps, request.params);
    if (!order.payment || !order.frontUrl) return send(reply, cashierPage(order, deps.clock.now()));
    const form = signedBy(paymentParams(order), await signerOf(deps));
    // The shop may send the browser on to yet another host, and browsers hold redirects to the policy too.
    return send(reply, returnPage(order.frontUrl, form), "http: https:");
  });
}

async function orderOf(deps: UnionpayDeps, params: unknown): Promise<Order> {
  const order = await unionpayOrderOfToken(deps, (params as { token: string }).token);
  if (order) return order;
  throw new Refused(404, "order_unknown", "There is no order with this token.");
}

/** What became of the order meanwhile is what the next page shows. */
function shownAsItIs(error: unknown): void {
  if (!(error instanceof Refused)) throw error;
}

function send(reply: FastifyReply, html: string, formAction = "'self'"): FastifyReply {
  return withPageHeaders(reply, formAction).type("text/html;charset=utf-8").send(html);
}
