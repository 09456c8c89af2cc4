/** What operators watch: whether it runs, how it runs, and what it offers. */
export { type OperationsRoutesDeps, operationsRoutes } from "./routes.ts";
