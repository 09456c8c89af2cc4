/** What people do about one break over HTTP: write, look after, claim, ask again, propose how it ends. */
import { Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../../kernel/http.ts";
import { AMOUNT_MAX } from "../../kernel/money.ts";
import {
  ApprovalSchema,
  IdParams,
  opsSchema,
  presentApproval,
  readId,
  readIdField,
} from "../../operators/index.ts";
import { RESOLUTIONS, type Resolution as ResolutionName, type Wish } from "./model.ts";
import type { BreakRoutesDeps } from "./routes.ts";
import {
  BreakSchema,
  ClaimSchema,
  EvidenceSchema,
  PreviewSchema,
  presentBreak,
  presentClaim,
  presentEvidence,
  presentPreview,
} from "./wire.ts";

const Sentence = (description: string) => Type.String({ minLength: 3, maxLength: 1_000, description });

const CommentBody = strictObject({ text: Sentence("What colleagues should know") });
const OwnerBody = strictObject({
  owner: Type.Union([Type.String({ maxLength: 100 }), Type.Null()], {
    description: "An operator's id; null: nobody looks after it",
  }),
});
const ClaimBody = strictObject({
  claim_no: Type.String({ minLength: 1, maxLength: 128, description: "The channel's number of the claim" }),
  state: Type.Optional(Type.Enum(["filed", "paid", "refused"], { description: "filed unless told" })),
  amount: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Number(AMOUNT_MAX),
      description: "What is left of the break unless told",
    }),
  ),
  paid_amount: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Number(AMOUNT_MAX),
      description: "With paid: the claim's amount unless told",
    }),
  ),
  evidence: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: "The number of what shows it: a letter, a ticket, a bank entry; needed with paid",
    }),
  ),
  filed_at: Type.Optional(InstantSchema),
  note: Type.Optional(Sentence("What the channel said")),
});
const Resolution = Type.Enum([...RESOLUTIONS]);
const Merchant = Type.Optional(
  Type.String({ maxLength: 100, description: "With pay_owner: whose the surplus is" }),
);
const Against = Type.Optional(
  Type.String({ maxLength: 100, description: "With offset: the break that it is one movement with" }),
);
const PreviewBody = strictObject({ resolution: Resolution, merchant: Merchant, against: Against });
const ProposeBody = strictObject({
  resolution: Resolution,
  merchant: Merchant,
  against: Against,
  reason: Sentence("Why, and where it is written"),
});
const AskedSchema = Type.Object({
  decision: Type.Union([Type.String(), Type.Null()], {
    description: "What the door made of the answer; null: the break names no order",
  }),
});

/** Adds what people do that moves no money. */
export function peopleRoutes(http: Http, deps: BreakRoutesDeps): void {
  const { people } = deps.breaks;
  http.post<Input<typeof CommentBody, typeof IdParams>>(
    "/v1/ops/breaks/:id/comments",
    {
      schema: opsSchema({
        operationId: "opsCommentBreak",
        summary: "Write a comment on a break",
        params: IdParams,
        body: CommentBody,
        response: { 201: EvidenceSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "breaks.propose");
      const id = readId("brk", request.params.id);
      await people.comment(actor, id, request.body.text);
      const evidence = await deps.breaks.evidence(id);
      const choices = await deps.breaks.resolving.choices(evidence.about);
      return reply.status(201).send(presentEvidence(evidence, choices));
    },
  );

  http.post<Input<typeof OwnerBody, typeof IdParams>>(
    "/v1/ops/breaks/:id/owner",
    {
      schema: opsSchema({
        operationId: "opsOwnBreak",
        summary: "Say who looks after a break",
        params: IdParams,
        body: OwnerBody,
        response: { 200: BreakSchema, ...problems(400, 401, 403, 404) },
      }),
    },
    async (request) => {
      const actor = await deps.authenticateOperator(request, "breaks.propose");
      const { owner } = request.body;
      const ownerId = owner === null ? null : readIdField("opr", owner, "owner");
      return presentBreak(await people.own(actor, readId("brk", request.params.id), ownerId));
    },
  );
  claimRoutes(http, deps);
}

function claimRoutes(http: Http, deps: BreakRoutesDeps): void {
  const { people } = deps.breaks;
  http.post<Input<typeof ClaimBody, typeof IdParams>>(
    "/v1/ops/breaks/:id/claim",
    {
      schema: opsSchema({
        operationId: "opsClaimBreak",
        summary: "Note a claim on the channel",
        description:
          "Filed first, then paid (whole or in part) or refused. One that is paid may be corrected until " +
          "it is booked. Another may be filed after a refused one, and after a paid one that is booked. Of " +
          "a break that has ended it can only be refused. What is paid moves by recover_from_channel, by " +
          "two people.",
        params: IdParams,
        body: ClaimBody,
        response: { 200: ClaimSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await deps.authenticateOperator(request, "breaks.propose");
      const { claim_no: claimNo, state = "filed", filed_at: filedAt, note = null } = request.body;
      const { amount, paid_amount: paidAmount, evidence = null } = request.body;
      const wish = {
        claimNo,
        state,
        note,
        evidence,
        amount: amount === undefined ? null : BigInt(amount),
        paidAmount: paidAmount === undefined ? null : BigInt(paidAmount),
        filedAt: filedAt === undefined ? null : new Date(filedAt),
      };
      const { about, claim } = await people.claim(actor, readId("brk", request.params.id), wish);
      return presentClaim(claim, about);
    },
  );

  http.post<Input<never, typeof IdParams>>(
    "/v1/ops/breaks/:id/query_again",
    {
      schema: opsSchema({
        operationId: "opsQueryBreakAgain",
        summary: "Ask the channel about a break's order once more",
        description: "The answer goes through the door; the next reconciliation shows what it changed.",
        params: IdParams,
        response: { 200: AskedSchema, ...problems(401, 403, 404, 503) },
      }),
    },
    async (request) => {
      const actor = await deps.authenticateOperator(request, "breaks.propose");
      return { decision: await people.askAgain(actor, readId("brk", request.params.id)) };
    },
  );
}

type WishBody = {
  readonly resolution: ResolutionName;
  readonly merchant?: string;
  readonly against?: string;
};

function wishOf({ resolution, merchant, against }: WishBody): Wish {
  const named = { merchant, against };
  for (const { field, by, remedy } of NAMED) {
    const isNamed = named[field] !== undefined;
    if ((resolution === by) === isNamed) continue;
    throw problem("invalid_request", { field, detail: isNamed ? `${resolution} names no ${field}` : remedy });
  }
  return {
    resolution,
    paidTo: merchant === undefined ? null : readIdField("mch", merchant, "merchant"),
    against: against === undefined ? null : readIdField("brk", against, "against"),
  };
}

const NAMED = [
  { field: "merchant", by: "pay_owner", remedy: "name the merchant whose the surplus is" },
  { field: "against", by: "offset", remedy: "name the break that it is one movement with" },
] as const;

/** Adds how breaks are resolved. */
export function resolutionRoutes(http: Http, deps: BreakRoutesDeps): void {
  const { resolving } = deps.breaks;
  http.post<Input<typeof PreviewBody, typeof IdParams>>(
    "/v1/ops/breaks/:id/preview",
    {
      schema: opsSchema({
        operationId: "opsPreviewResolution",
        summary: "See what a resolution would post",
        params: IdParams,
        body: PreviewBody,
        response: { 200: PreviewSchema, ...problems(400, 401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "breaks.read");
      const id = readId("brk", request.params.id);
      return presentPreview(await resolving.preview(id, wishOf(request.body)));
    },
  );

  http.post<Input<typeof ProposeBody, typeof IdParams>>(
    "/v1/ops/breaks/:id/propose",
    {
      schema: opsSchema({
        operationId: "opsProposeResolution",
        summary: "Propose how a break is resolved",
        description:
          "Another operator, whose role covers the amount, approves it at /v1/ops/approvals; it is carried " +
          "out then.",
        params: IdParams,
        body: ProposeBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "breaks.propose");
      const wish = { ...wishOf(request.body), reason: request.body.reason };
      const approval = await resolving.propose(actor, readId("brk", request.params.id), wish);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}
