import { type Static, Type } from "typebox";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { ApprovalSchema, opsSchema, presentApproval } from "../../operators/index.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import { ENTRY_FIELDS } from "./entry-fields.ts";
import { ownMoney, proposeOwnMoney, proposeTransfer } from "./own-money.ts";
import type { NamedEntry } from "./people.ts";

const Evidence = Type.String({ minLength: 3, maxLength: 500 });
const Entry = strictObject(ENTRY_FIELDS);
const OwnMoneyBody = strictObject({ ...ENTRY_FIELDS, evidence: Evidence });
const TransferBody = strictObject({ from: Entry, to: Entry, evidence: Evidence });
const Amount = (description: string) => Type.Integer({ description });

const OwnMoneySchema = Type.Object({
  closed_date: Type.Union([Type.String(), Type.Null()]),
  data: Type.Array(
    Type.Object({
      currency: CurrencySchema,
      inside: Amount("Own money among the clients' now; below zero, client money has paid for the platform"),
      inside_at_close: Amount("The same at the end of the closed date"),
      advanced: Amount("What of it stands for settlements of the same day until channels have paid"),
      sweepable: Amount("What may be taken out of the reserve"),
      missing: Amount("What has to be paid in"),
    }),
  ),
});

const named = ({ connection, entry_ref: entryRef }: Static<typeof Entry>): NamedEntry => ({
  connection,
  entryRef,
});

/** The platform's own money at the banks. */
export function ownMoneyRoutes(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  const answers = { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) };
  http.get(
    "/v1/ops/own_money",
    {
      schema: opsSchema({
        operationId: "opsGetOwnMoney",
        summary: "How much of what is at banks and channels is the platform's own",
        response: { 200: OwnMoneySchema, ...problems(401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { closedDate, positions } = await ownMoney(deps.cell.db);
      const data = positions.map((position) => ({
        currency: position.currency,
        inside: position.inside,
        inside_at_close: position.insideAtClose,
        advanced: position.advanced,
        sweepable: position.sweepable,
        missing: position.missing,
      }));
      return { closed_date: closedDate, data };
    },
  );
  http.post<Input<typeof OwnMoneyBody>>(
    "/v1/ops/own_money",
    {
      schema: opsSchema({
        operationId: "opsPayInOwnMoney",
        summary: "Propose that an entry is our own money paid in",
        description:
          "On our own account, or into the reserve, of the amount that the bank shows, once another " +
          "operator has approved it.",
        body: OwnMoneyBody,
        response: answers,
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const approval = await proposeOwnMoney(deps, actor, named(request.body), request.body.evidence);
      return reply.status(202).send(presentApproval(approval));
    },
  );
  http.post<Input<typeof TransferBody>>(
    "/v1/ops/bank_transfers",
    {
      schema: opsSchema({
        operationId: "opsBookBankTransfer",
        summary: "Propose that two entries are one transfer between accounts of ours",
        description:
          "Own margin taken out of the reserve, own money put into it, or a move between accounts that " +
          "hold the same.",
        body: TransferBody,
        response: answers,
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { from, to, evidence } = request.body;
      const transfer = { from: named(from), to: named(to) };
      const approval = await proposeTransfer(deps, actor, transfer, evidence);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}
