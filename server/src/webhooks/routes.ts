import type { FastifyRequest } from "fastify";
import type { Db } from "../kernel/database.ts";
import type { Http } from "../kernel/http.ts";
import type { Id } from "../kernel/ids.ts";
import type { Permission } from "../operators/index.ts";
import { deliveryRoutes } from "./deliveries/routes.ts";
import type { DeliveryService } from "./deliveries/service.ts";
import { endpointRoutes } from "./endpoints/routes.ts";
import type { EndpointService } from "./endpoints/service.ts";
import { eventRoutes } from "./events/routes.ts";

/** Whose key a request bears; throws `unauthenticated`. */
export type AuthenticateMerchant = (request: FastifyRequest) => Promise<{ readonly merchantId: Id }>;

/** Who asks, decided by the rooms that know keys and tokens. */
export type WebhookAuth = {
  readonly authenticateMerchant: AuthenticateMerchant;
  /** Throws `unauthenticated` or `forbidden`. */
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<unknown>;
};

export type WebhookRoutesDeps = {
  readonly db: Db;
  readonly endpoints: EndpointService;
  readonly deliveries: DeliveryService;
};

export function webhookRoutes(http: Http, deps: WebhookRoutesDeps, auth: WebhookAuth): void {
  const authenticate = auth.authenticateMerchant;
  endpointRoutes(http, { ...deps, authenticate });
  eventRoutes(http, { db: deps.db, authenticate });
  deliveryRoutes(http, { ...deps, auth });
}
