import type { Job } from "../../kernel/schedules.ts";
import type { PayoutsDeps } from "../deps.ts";
import { dividePartners } from "./partners.ts";
import { settleReceivers } from "./receivers.ts";

/** Each hour what partners and receivers got on days that are over becomes theirs. */
export function owedJob(deps: PayoutsDeps): Job {
  return {
    name: "owed_divide",
    cron: "20 * * * *",
    run: async (goOn) => {
      await dividePartners(deps, goOn);
      await settleReceivers(deps, goOn);
    },
  };
}
