/** From a page's token to what it shows. */
import type { Channels } from "../channels/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Keyring } from "../kernel/crypto.ts";
import { problem } from "../kernel/errors.ts";
import type { Merchants } from "../merchants/index.ts";
import { liveOf, type Payments, readCashierToken, type Whole } from "../payments/index.ts";
import type { Offers } from "./offers.ts";
import type { CashierSettingsService } from "./settings/index.ts";
import { type CheckoutState, checkoutState } from "./view.ts";

export type StateDeps = {
  readonly payments: Payments;
  readonly channels: Channels;
  readonly merchants: Pick<Merchants, "get">;
  readonly settings: Pick<CashierSettingsService, "get">;
  readonly offers: Offers;
  readonly keyring: Pick<Keyring, "macs">;
  readonly clock: Clock;
};

/** The payment that a token opens. Throws `not_found`. */
export async function findByToken(deps: StateDeps, token: string): Promise<Whole> {
  const id = readCashierToken(deps.keyring, token);
  const whole = id === null ? null : await deps.payments.find(id);
  if (whole === null) throw problem("not_found");
  return whole;
}

/**
 * What the payment's page shows now.
 * @param offered `remembered` for whoever looks each second
 */
export async function stateOf(
  deps: StateDeps,
  whole: Whole,
  offered: keyof Offers = "now",
): Promise<CheckoutState> {
  const { payment } = whole;
  const merchant = await deps.merchants.get(payment.merchantId);
  const settings = await deps.settings.get(payment.merchantId);
  const present = liveOf(whole)?.method ?? null;
  const methods = payment.finishedAt === null ? await deps.offers[offered](payment, present) : [];
  const scene = sceneOf(deps, whole);
  return checkoutState(
    { whole, merchantName: merchant?.name ?? "", settings, methods, scene },
    deps.clock.now(),
  );
}

/** The scene of the live attempt. */
export function sceneOf(deps: StateDeps, whole: Whole) {
  const live = liveOf(whole);
  return live === null ? null : (deps.channels.channel(live.channel)?.traits.scenes[live.method] ?? null);
}
