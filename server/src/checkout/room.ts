import type { FastifyRequest } from "fastify";
import type { Http } from "../kernel/http.ts";
import type { Id } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Platform } from "../kernel/revision.ts";
import type { MerchantIdentity } from "../merchants/index.ts";
import type { Actor, Operators, Permission } from "../operators/index.ts";
import type { Routing } from "../routing/index.ts";
import { type Beacons, createBeacons } from "./beacons.ts";
import { createOffers } from "./offers.ts";
import { checkoutRoutes } from "./routes.ts";
import { cashierSettingsRoutes, createCashierSettings } from "./settings/index.ts";
import { type StateDeps, stateOf } from "./state.ts";
import { createWatchers, type Watchers } from "./watchers.ts";

export type CheckoutRoomDeps = Omit<StateDeps, "settings" | "offers"> & {
  readonly routing: Pick<Routing, "consider">;
  readonly platform: Platform;
  readonly operators: Pick<Operators, "audit">;
  readonly log: Log;
  /** Told once of each order whose channel's page did not open for its buyer. */
  readonly noteBeacon?: (channelAccountId: Id, method: string, orderedAt: Date) => void;
};

export type CheckoutAuth = {
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

export type CheckoutRoom = {
  /** Adds the buyer's pages, and the settings for merchants and operators. */
  routes(http: Http, auth: CheckoutAuth, assets: URL): void;
  readonly gauges: { readonly watchers: Watchers["gauges"]; readonly beacons: Beacons["gauges"] };
};

/** Builds the room; nothing runs before a page is opened. */
export function createCheckoutRoom(given: CheckoutRoomDeps): CheckoutRoom {
  const { clock, log, payments } = given;
  const settings = createCashierSettings(given);
  const deps = { ...given, settings, offers: createOffers({ ...given, settings }) };
  const beacons = createBeacons({ clock, log, noteBeacon: given.noteBeacon });
  const watchers = createWatchers({
    clock,
    log,
    look: async (paymentIds) => {
      const wholes = await payments.findAll(paymentIds);
      const states = [...wholes].map(async ([id, whole]) => {
        await payments.watch(whole.payment);
        return [id, await stateOf(deps, whole, "remembered")] as const;
      });
      return new Map(await Promise.all(states));
    },
  });
  return {
    routes: (http, auth, assets) => {
      checkoutRoutes(http, { ...deps, watchers, beacons, assets });
      cashierSettingsRoutes(http, { ...deps, ...auth });
    },
    gauges: { watchers: watchers.gauges, beacons: beacons.gauges },
  };
}
