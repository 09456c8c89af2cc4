/**
 * Which ways to pay a buyer may choose from: what contracts and the merchant allow, less what routing
 * refuses.
 */
import type { Channels } from "../channels/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import { type Payment, readRequest } from "../payments/index.ts";
import type { Routing } from "../routing/index.ts";
import type { CashierSettingsService, Device } from "./settings/index.ts";
import { type OfferedMethod, offeredMethods } from "./view.ts";

export type OffersDeps = {
  readonly channels: Pick<Channels, "accountsOfMerchant" | "channel">;
  readonly settings: Pick<CashierSettingsService, "get">;
  readonly routing: Pick<Routing, "consider">;
  readonly clock: Clock;
};

export type Offers = {
  /**
   * The ways of this moment: windows, rules and quotas are asked, for each device apart.
   * @param present the way that is under way: it stays, whatever its own order has used of a quota
   */
  now(payment: Payment, present: string | null): Promise<readonly OfferedMethod[]>;
  /**
   * The same, but of what routing refused when it was last asked for this payment: a page that is watched
   * each second asks the database nothing for it.
   */
  remembered(payment: Payment, present: string | null): Promise<readonly OfferedMethod[]>;
};

/** Payments whose refusals are remembered; more than there are open pages. */
const REMEMBERED_MAX = 10_000;

export function createOffers(deps: OffersDeps): Offers {
  // Insertion order is age order: the first key is the oldest.
  const refusals = new Map<Id, ReadonlySet<string>>();
  const allowed = async ({ merchantId, amount, currency }: Payment) => {
    const accounts = await deps.channels.accountsOfMerchant(merchantId);
    const settings = await deps.settings.get(merchantId);
    return offeredMethods(accounts, deps.channels, { amount, currency }, settings);
  };
  const now = async (payment: Payment, present: string | null) => {
    const methods = await allowed(payment);
    const refused = await refusedBy(deps, payment, methods);
    refusals.delete(payment.id);
    refusals.set(payment.id, refused);
    const oldest = refusals.keys().next();
    if (refusals.size > REMEMBERED_MAX && !oldest.done) refusals.delete(oldest.value);
    return without(methods, refused, present);
  };
  return {
    now,
    remembered: async (payment, present) => {
      const refused = refusals.get(payment.id);
      return refused === undefined
        ? now(payment, present)
        : without(await allowed(payment), refused, present);
    },
  };
}

async function refusedBy(
  { routing, clock }: OffersDeps,
  payment: Payment,
  methods: readonly OfferedMethod[],
): Promise<ReadonlySet<string>> {
  const { merchantId, currency, amount } = payment;
  const { store, terminal, metadata } = readRequest(payment.request);
  const order = {
    merchantId,
    currency,
    amount,
    store: store ?? null,
    terminal: terminal ?? null,
    metadata: metadata ?? {},
    at: clock.now(),
  };
  const refused = new Set<string>();
  // One after another: asked at once, all but the first would go by what was used before it read.
  for (const { method, kind, devices } of methods) {
    for (const device of devices) {
      const routed = await routing.consider({ ...order, method, kind, device });
      if ("refused" in routed) refused.add(nameOf(method, device));
    }
  }
  return refused;
}

function without(
  methods: readonly OfferedMethod[],
  refused: ReadonlySet<string>,
  present: string | null,
): readonly OfferedMethod[] {
  return methods
    .map((one) => ({
      ...one,
      devices: one.devices.filter(
        (device) => one.method === present || !refused.has(nameOf(one.method, device)),
      ),
    }))
    .filter(({ devices }) => devices.length > 0);
}

function nameOf(method: string, device: Device): string {
  return `${method} ${device}`;
}
