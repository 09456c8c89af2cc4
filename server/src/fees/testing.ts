import assert from "node:assert/strict";
import type { Answer, Json, TestPlatform } from "../../../tools/testing/platform.ts";

/** Terms of one rate, as a request gives them, with what differs. */
export function plainTerms(rate: number, changes: Record<string, unknown> = {}): Json {
  return { rules: [{ tiers: [{ from: 0, rate_millionths: rate }] }], refund: "cumulative", ...changes };
}

/** Two people of the back office: one proposes versions of schedules, the other approves them. */
export type FeeOffice = {
  propose(kind: "fee" | "cost", body: Json): Promise<Answer>;
  approve(approval: Json): Promise<Answer>;
  /** Proposes and approves a version that must be good; the schedule's id. */
  set(kind: "fee" | "cost", body: Json): Promise<string>;
  quote(kind: "fee" | "cost", body: Json): Promise<Answer>;
};

/** Opens the office; hires its second person. */
export async function openFeeOffice(platform: TestPlatform): Promise<FeeOffice> {
  const hired = await platform.ops("POST", "/v1/ops/operators", { name: "Fee approver", roles: ["finance"] });
  assert.equal(hired.status, 201, JSON.stringify(hired.body));
  const office: FeeOffice = {
    propose: (kind, body) => platform.ops("POST", `/v1/ops/${kind}_schedules`, body),
    approve: ({ id }) => platform.api("POST", `/v1/ops/approvals/${id}/approve`, undefined, hired.body.token),
    set: async (kind, body) => {
      const proposed = await office.propose(kind, body);
      assert.equal(proposed.status, 202, JSON.stringify(proposed.body));
      const approved = await office.approve(proposed.body);
      assert.equal(approved.body.status, "carried_out", JSON.stringify(approved.body));
      return approved.body.subject;
    },
    quote: (kind, body) => platform.ops("POST", `/v1/ops/${kind}_schedules/quote`, body),
  };
  return office;
}
