/** Every scenario by the name that the command line knows it by. */
import { chart } from "./chart.ts";
import { close } from "./close.ts";
import { closeKilled } from "./close-killed.ts";
import { growth } from "./growth.ts";
import { hot } from "./hot.ts";
import { mixed, refunds } from "./mixes.ts";
import { overload } from "./overload.ts";
import { payments } from "./payments.ts";
import { receive } from "./receive.ts";
import { reconcile } from "./reconcile.ts";
import { routing } from "./routing.ts";
import type { Scenario } from "./scenario.ts";
import { signing } from "./signing.ts";
import { slowEndpoints } from "./slow-endpoints.ts";
import { start } from "./start.ts";

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  payments,
  hot,
  refunds,
  mixed,
  growth,
  start,
  overload,
  "slow-endpoints": slowEndpoints,
  signing,
  routing,
  receive,
  reconcile,
  close,
  "close-killed": closeKilled,
  chart,
};
