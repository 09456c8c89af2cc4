import type { OwnServer } from "../comparisons/own-server.ts";
import { prepareDatabase, violationsOf } from "./store.ts";

/** The libraries and the rows of the platform, and nothing that decides. */
export const STACK: OwnServer = {
  name: "stack",
  program: new URL("./server.ts", import.meta.url),
  completeOn: "webhook",
  prepare: prepareDatabase,
  violationsOf,
};
