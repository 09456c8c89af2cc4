import type { OwnServer } from "../comparisons/own-server.ts";
import { prepareDatabase, violationsOf } from "./store.ts";

/** What is left of the design without its duties. */
export const SKELETON: OwnServer = {
  name: "skeleton",
  program: new URL("./server.ts", import.meta.url),
  completeOn: "report",
  prepare: prepareDatabase,
  violationsOf,
};
