/** Buyers: they open codes, pay, pay twice, pay late, fail, put the payment away, or never come. */
import type { NextAction } from "./body.ts";
import type { Chance } from "./chance.ts";
import type { Owner } from "./scheduler.ts";
import { jsonRequest, sandboxUrl, type World } from "./world.ts";

export type Buyer = { readonly owner: Owner; readonly luck: Chance };

/** What a buyer has in hand: a code, a link, an app's string, a page's parameters, or a payment code. */
export type Handle = string;

/** What a `next_action` gives the buyer; null where it gives nothing. */
export function handleOf(action: NextAction | null | undefined): Handle | null {
  switch (action?.type) {
    case "qr_code":
      return action.qr_code;
    case "redirect":
      return action.url;
    case "app_params":
      return action.params;
    case "jsapi_params":
      return JSON.stringify(action.params);
    default:
      return null;
  }
}

/** Does with an order whatever this buyer does. */
export async function behave(world: World, buyer: Buyer, handle: Handle, lifetimeMs: number): Promise<void> {
  const { luck } = buyer;
  const wallet = (what: string, body: Record<string, unknown>) => {
    const request = jsonRequest("POST", sandboxUrl(`/wallet/${what}`), { code: handle, ...body });
    return world.act(buyer.owner, `wallet ${what}`, request, world.channel);
  };
  const linger = (mostMs: number) => world.sleep(buyer.owner, luck.integer(mostMs));
  await linger(20_000);
  switch (
    luck.weighed({
      pays: 50,
      pays_with_voucher: 6,
      pays_twice: 8,
      scans_then_pays: 12,
      fails_then_pays: 6,
      fails: 4,
      pays_late: 8,
      scans_and_leaves: 6,
      abandons: 4,
      never_comes: 6,
    })
  ) {
    case "pays":
      await wallet("pay", {});
      return;
    case "pays_with_voucher":
      await wallet("pay", { voucher_amount: luck.between(1, 50) });
      return;
    case "pays_twice":
      await Promise.all([wallet("pay", {}), wallet("pay", {})]);
      return;
    case "scans_then_pays":
      await wallet("scan", {});
      await linger(120_000);
      await wallet("pay", {});
      return;
    case "fails_then_pays":
      await wallet("fail", {});
      await linger(60_000);
      await wallet("pay", {});
      return;
    case "fails":
      await wallet("fail", {});
      return;
    case "pays_late":
      if (luck.hits(0.5)) await wallet("scan", {});
      // Around the moment at which the order ends, on either side of it.
      await world.sleep(buyer.owner, Math.max(0, lifetimeMs - 15_000) + luck.integer(20_000));
      await wallet("pay", {});
      return;
    case "scans_and_leaves":
      await wallet("scan", {});
      return;
    case "abandons":
      await wallet("scan", {});
      await wallet("abandon", {});
      if (luck.hits(0.3)) {
        await linger(300_000);
        await wallet("pay", {});
      }
      return;
    case "never_comes":
      return;
  }
}

/** A fresh payment code of a buyer who will pay, be asked for a password, or have no money. */
export async function newPaymentCode(world: World, buyer: Buyer): Promise<string> {
  const behaviour = buyer.luck.weighed({ pays: 5, asks_password: 4, insufficient_balance: 1 });
  const request = jsonRequest("POST", sandboxUrl("/wallet/payment-codes"), { behaviour });
  const answer = await world.act(buyer.owner, "payment code", request, world.channel);
  return answer.body.code;
}

/** Enters the password, late or never. */
export async function enterPassword(world: World, buyer: Buyer, code: string): Promise<void> {
  if (buyer.luck.hits(0.25)) return;
  await world.sleep(buyer.owner, buyer.luck.integer(70_000));
  const request = jsonRequest("POST", sandboxUrl("/wallet/pay"), { code });
  await world.act(buyer.owner, "wallet password", request, world.channel);
}
