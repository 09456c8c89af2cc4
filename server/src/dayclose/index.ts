/** The close of a day: steps over all rooms, done once, and the report that they end with. */
export { createAlarms } from "./alarms.ts";
export { statementScopeOf } from "./comparing.ts";
export { dayCloseRoutes } from "./routes.ts";
export { createDayClose, type DayClose } from "./service.ts";
export { closeSteps } from "./steps.ts";
export { nightlyClose, startCloseWorker } from "./worker.ts";
