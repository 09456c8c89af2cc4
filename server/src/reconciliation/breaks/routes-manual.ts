/** Free journals for faults of the ledger over HTTP. */
import { type Static, Type } from "typebox";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { ACCOUNT_CODES } from "../../ledger/index.ts";
import { ApprovalSchema, opsSchema, presentApproval, readIdField } from "../../operators/index.ts";
import type { ManualLine } from "./manual-journals.ts";
import type { BreakRoutesDeps } from "./routes.ts";

const Amount = Type.Integer({ minimum: 1, maximum: 1_000_000_000_000, description: "Minor units" });
const LINES_MAX = 20;

const ManualBody = strictObject({
  merchant_id: Type.Optional(
    Type.String({ maxLength: 100, description: "In this merchant's book; absent: in the platform's" }),
  ),
  currency: CurrencySchema,
  lines: Type.Array(
    strictObject({
      account: Type.Enum([...ACCOUNT_CODES]),
      side: Type.Enum(["debit", "credit"]),
      amount: Amount,
    }),
    { minItems: 2, maxItems: LINES_MAX },
  ),
  fault: Type.String({
    minLength: 10,
    maxLength: 500,
    description: "The ledger's fault that it corrects, and where it is written",
  }),
});

/** Adds how a free journal is proposed. */
export function manualRoutes(http: Http, deps: BreakRoutesDeps): void {
  http.post<Input<typeof ManualBody>>(
    "/v1/ops/manual_journals",
    {
      schema: opsSchema({
        operationId: "opsProposeManualJournal",
        summary: "Propose a free journal for a fault of the ledger",
        description:
          "Only for a posting that was wrong and that no business operation undoes. Another operator whose " +
          "role covers the amount approves it at /v1/ops/approvals.",
        body: ManualBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "breaks.approve");
      const { merchant_id: merchant, currency, fault } = request.body;
      const merchantId = merchant === undefined ? null : readIdField("mch", merchant, "merchant_id");
      const lines = request.body.lines.map(lineOf);
      const approval = await deps.breaks.manual.propose(actor, { merchantId, currency, lines }, fault);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}

function lineOf({ account, side, amount }: Static<typeof ManualBody>["lines"][number]): ManualLine {
  return { account, side, amount: BigInt(amount) };
}
