/** Which channel account an order goes through, among those of its legal merchant; and why. */
export { putText } from "./decision-text.ts";
export type { LineView } from "./health/health.ts";
export type { RoutingRequest, SceneKind } from "./model.ts";
export { adjustQuotas, type Counted, openQuotaBook, type QuotaBook } from "./quotas/book.ts";
export type { Demand } from "./quotas/model.ts";
export type { RoutingRefusal } from "./route.ts";
export { type RoutingRoutesDeps, registerRouting } from "./routes.ts";
export { sceneOfMethod } from "./scenes.ts";
export {
  type Choice,
  createRouting,
  type Decision,
  type PlacingEnd,
  type Routing,
  type RoutingDeps,
} from "./service.ts";
