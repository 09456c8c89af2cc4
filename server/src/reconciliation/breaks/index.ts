/** Breaks: what people see of the differences that generations find, through all of them. */
export type { Applied } from "./apply.ts";
export type { ExcessClaims, FiledClaims, OpenBreak, SummaryRow } from "./reading.ts";
export { type BreakRoutesDeps, breakRoutes } from "./routes.ts";
export { type Breaks, type BreaksDeps, createBreaks } from "./service.ts";
