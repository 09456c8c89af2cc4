/** Printed codes, and the one address of a payment that opens it in whichever wallet scans it. */
import type { FastifyRequest } from "fastify";
import type { Channels } from "../channels/index.ts";
import type { Clock, Random } from "../kernel/clock.ts";
import type { Keyring } from "../kernel/crypto.ts";
import type { Http } from "../kernel/http.ts";
import type { Id, IdMaker } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Platform } from "../kernel/revision.ts";
import type { MerchantIdentity, Merchants } from "../merchants/index.ts";
import type { Operators } from "../operators/index.ts";
import type { Payments } from "../payments/index.ts";
import type { Routing } from "../routing/index.ts";
import { emvcoRoutes } from "./emvco.ts";
import { plateMerchantRoutes } from "./merchant-routes.ts";
import type { Plate } from "./model.ts";
import { plateOpsRoutes } from "./ops-routes.ts";
import { orderRoutes } from "./order/routes.ts";
import { createOrderPages } from "./order/service.ts";
import { assetRoutes } from "./pages/frame.ts";
import { printRoutes } from "./print/routes.ts";
import { recogniseRoutes } from "./recognise.ts";
import { scanRoutes } from "./scan/routes.ts";
import { createPlates } from "./service.ts";

export type PlatesRoomDeps = {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly log: Log;
  readonly keyring: Pick<Keyring, "mac" | "macs">;
  readonly operators: Pick<Operators, "authenticate" | "audit" | "firstTime">;
  readonly merchants: Pick<Merchants, "get" | "place">;
  readonly channels: Channels;
  readonly payments: Payments;
  readonly routing: Pick<Routing, "consider">;
  /** The token by which a payment's pages are reached. */
  readonly tokenOf: (paymentId: Id) => string;
  /** Where buyers reach this platform, without a slash at its end; known once it listens. */
  readonly publicUrl: () => string;
};

export type PlatesAuth = {
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
};

/** Adds what operators and merchants do with plates, and everything under `/q/` that a scan opens. */
export function platesRoutes(http: Http, deps: PlatesRoomDeps, auth: PlatesAuth): void {
  const plates = createPlates(deps);
  const urlOf = (plate: Pick<Plate, "code">) => `${deps.publicUrl()}/q/${plate.code}`;
  const scanPath = (paymentId: Id) => `/q/o/${deps.tokenOf(paymentId)}`;
  const cashierPath = (paymentId: Id) => `/pay/${deps.tokenOf(paymentId)}`;
  const orders = createOrderPages({
    ...deps,
    backUrl: () => `${deps.publicUrl()}/q/o/back`,
    goUrl: (paymentId) => `${cashierPath(paymentId)}/go`,
  });
  assetRoutes(http);
  plateOpsRoutes(http, { ...deps, plates, urlOf });
  plateMerchantRoutes(http, { ...deps, ...auth, urlOf });
  printRoutes(http, { ...deps, ...auth, urlOf });
  recogniseRoutes(http, { ...deps, ...auth, byCode: plates.byCode });
  emvcoRoutes(http, auth);
  scanRoutes(http, { ...deps, byCode: plates.byCode, orders, scanPath, cashierPath });
  orderRoutes(http, { ...deps, orders, scanPath, cashierPath });
}
