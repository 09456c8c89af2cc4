/** `chart`: draws what was recorded. */
import { drawCharts } from "../results/draw.ts";
import { RESULTS } from "../results/record.ts";
import type { Given, Outcome } from "./scenario.ts";

export async function chart({ scenario }: Given): Promise<Outcome> {
  return { figures: { scenario, drawn: drawCharts(RESULTS) }, valid: true };
}
