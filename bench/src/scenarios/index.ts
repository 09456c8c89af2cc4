/** Every scenario by the name that the command line knows it by. */
import { growth } from "./growth.ts";
import { payments } from "./payments.ts";
import type { Scenario } from "./scenario.ts";

export const SCENARIOS: Readonly<Record<string, Scenario>> = { payments, growth };
