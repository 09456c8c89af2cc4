/**
 * What operators do for partners and for receivers alike: their bank accounts, their terms, their payouts.
 */
import type { Static, TSchema } from "typebox";
import { type Http, problems } from "../../kernel/http.ts";
import { type Actor, ApprovalSchema, opsSchema, presentApproval } from "../../operators/index.ts";
import { proposeTerms } from "../accounts/connections.ts";
import { AccountBody, OpsAccountSchema, presentOpsAccount, readAccount } from "../accounts/routes.ts";
import { addBankAccount } from "../accounts/service.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import type { Payee, Payout } from "../model.ts";
import { OpsPayoutSchema, presentOpsPayout } from "../payout/wire.ts";
import type { PayOwed } from "./pay.ts";
import { OwedTermsBody, PayOwedBody, readOwedTerms, readPayOwed } from "./wire.ts";

const READ_OR_MADE = [400, 401, 403, 404, 409, 422] as const;

export type OwedPayees = {
  /** Of whom the addresses are. */
  readonly whose: "Partner" | "Receiver";
  /** `/v1/ops/partners/:party`, or receivers'. */
  readonly path: string;
  readonly params: TSchema;
  /** The only one of the params. */
  readonly param: string;
  /** Throws `not_found`. */
  payeeOf(name: string): Promise<Payee>;
  readonly payouts: { readonly summary: string; readonly description: string };
  pay(
    actor: Actor,
    name: string,
    wanted: PayOwed,
  ): Promise<{ readonly payout: Payout; readonly isNew: boolean }>;
};

type Asked<Body extends TSchema> = { Body: Static<Body>; Params: Record<string, string> };

/** Adds `…/bank_accounts`, `…/payout_terms` and `…/payouts` below the payees' path. */
export function owedPayeeRoutes(http: Http, deps: PayoutsDeps, auth: PayoutsAuth, of: OwedPayees): void {
  accounts(http, deps, auth, of);
  payouts(http, auth, of);
}

function accounts(
  http: Http,
  deps: PayoutsDeps,
  { authenticateOperator }: PayoutsAuth,
  { whose, path, params, param, payeeOf }: OwedPayees,
): void {
  const noun = whose.toLowerCase();
  http.post<Asked<typeof AccountBody>>(
    `${path}/bank_accounts`,
    {
      schema: opsSchema({
        operationId: `opsAdd${whose}BankAccount`,
        summary: `Enter a ${noun}'s bank account`,
        description: "In its registered name alone. Nothing is paid to it before it is verified.",
        params,
        body: AccountBody,
        response: { 200: OpsAccountSchema, 201: OpsAccountSchema, ...problems(...READ_OR_MADE) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const payee = await payeeOf(request.params[param] as string);
      const { account, made } = await addBankAccount(deps, actor, payee, readAccount(request.body));
      return reply.status(made ? 201 : 200).send(presentOpsAccount(account));
    },
  );
  http.put<Asked<typeof OwedTermsBody>>(
    `${path}/payout_terms`,
    {
      schema: opsSchema({
        operationId: `opsSet${whose}PayoutTerms`,
        summary: `Propose the least that a ${noun} is paid, and how long a changed account waits`,
        params,
        body: OwedTermsBody,
        response: { 202: ApprovalSchema, ...problems(...READ_OR_MADE) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const payee = await payeeOf(request.params[param] as string);
      const approval = await proposeTerms(deps, actor, payee, readOwedTerms(request.body));
      return reply.status(202).send(presentApproval(approval));
    },
  );
}

function payouts(
  http: Http,
  { authenticateOperator }: PayoutsAuth,
  { whose, path, params, param, payouts: told, pay }: OwedPayees,
): void {
  http.post<Asked<typeof PayOwedBody>>(
    `${path}/payouts`,
    {
      schema: opsSchema({
        operationId: `opsPay${whose}`,
        ...told,
        params,
        body: PayOwedBody,
        response: { 200: OpsPayoutSchema, 201: OpsPayoutSchema, ...problems(...READ_OR_MADE) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { payout, isNew } = await pay(actor, request.params[param] as string, readPayOwed(request.body));
      return reply.status(isNew ? 201 : 200).send(presentOpsPayout(payout));
    },
  );
}
