import { type Static, Type } from "typebox";
import {
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  ApprovalSchema,
  IdParams,
  opsSchema,
  pageSchema,
  presentApproval,
  readCursorId,
  readId,
} from "../../operators/index.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import type { BankAccount, BankConnection } from "../model.ts";
import { formatPayee, merchantOf } from "../payees/payee.ts";
import { EvidenceBody } from "../payout/routes.ts";
import { ownPayee } from "../payout/service.ts";
import { maskedNumber } from "../payout/wire.ts";
import { proposeConnection, proposeTerms } from "./connections.ts";
import { lastOf } from "./number.ts";
import {
  addBankAccount,
  disableBankAccount,
  findBankAccounts,
  type NewBankAccount,
  proposeVerification,
} from "./service.ts";
import { allConnections } from "./store.ts";

const NullableString = Type.Union([Type.String(), Type.Null()]);
const NullableInstant = Type.Union([InstantSchema, Type.Null()]);
const Name = (description: string) => Type.String({ minLength: 1, maxLength: 140, description });
const AccountNumber = Type.String({ minLength: 5, maxLength: 60, description: "The account's number" });
const BankCode = Type.String({ minLength: 8, maxLength: 12, description: "CNAPS number (12 digits) or BIC" });

const AccountFields = {
  id: Type.String(),
  currency: CurrencySchema,
  holder_name: Type.String(),
  bank_code: Type.String(),
  bank_name: NullableString,
  number: Type.String({ description: "Its last digits" }),
  state: Type.Enum(["unverified", "verified", "disabled"]),
  verified_at: NullableInstant,
  usable_from: Type.Union([InstantSchema, Type.Null()], {
    description: "Payouts go to it from then on; to the account before until then",
  }),
  created_at: InstantSchema,
};
const AccountSchema = Type.Object(AccountFields);
export const OpsAccountSchema = Type.Object({
  ...AccountFields,
  merchant: NullableString,
  payee: Type.String({ description: "A merchant (mch_), a partner (prt_) or a receiver (rcv_)" }),
  evidence: NullableString,
});

export const AccountBody = strictObject({
  currency: CurrencySchema,
  holder_name: Name("As the bank has it; it must be the payee's registered name"),
  number: AccountNumber,
  bank_code: BankCode,
  bank_name: Type.Optional(Name("For people")),
});
const FindQuery = strictObject({
  ...PageQuery,
  merchant: Type.Optional(Type.String({ maxLength: 40 })),
});
/** A number is a secret: it stands in no address. */
const FindBody = strictObject({ number: AccountNumber });
const FOUND_MAX = 100;

const ConnectionParams = strictObject({ name: Type.String({ pattern: "^[0-9a-z-]{1,40}$" }) });
const ConnectionBody = strictObject({
  url: Type.String({ minLength: 8, maxLength: 300 }),
  account_number: AccountNumber,
  holder_name: Name("Ours, as the bank has it"),
  bank_code: BankCode,
  currency: CurrencySchema,
  holds: Type.Enum(["reserve", "own"]),
  removes_doubles: Type.Boolean({
    description: "Whether the bank refuses a message that it has had; if not, people decide on a second send",
  }),
  timeout_ms: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 60_000 })),
});
const ConnectionSchema = Type.Object({
  name: Type.String(),
  url: Type.String(),
  account_number: Type.String({ description: "Its last digits" }),
  holder_name: Type.String(),
  bank_code: Type.String(),
  currency: CurrencySchema,
  holds: Type.String(),
  removes_doubles: Type.Boolean(),
  timeout_ms: Type.Integer(),
});
const TermsBody = strictObject({
  currency: CurrencySchema,
  fee: Type.Integer({ minimum: 0, maximum: 1_000_000, description: "Minor units, for each payout" }),
  cool_down_hours: Type.Integer({ minimum: 0, maximum: 720 }),
});

const TIMEOUT_MS = 20_000;

function presentAccount(account: BankAccount) {
  return {
    id: formatId("bac", account.id),
    currency: account.currency,
    holder_name: account.holderName,
    bank_code: account.bankCode,
    bank_name: account.bankName,
    number: maskedNumber(account.numberLast),
    state: account.state,
    verified_at: account.verifiedAt?.toISOString() ?? null,
    usable_from: account.usableFrom?.toISOString() ?? null,
    created_at: account.createdAt.toISOString(),
  };
}

export function presentOpsAccount(account: BankAccount) {
  const { evidence } = account;
  return { ...presentAccount(account), merchant: merchantOf(account), payee: formatPayee(account), evidence };
}

function presentConnection(row: BankConnection) {
  return {
    name: row.name,
    url: row.url,
    account_number: maskedNumber(lastOf(row.accountNumber)),
    holder_name: row.holderName,
    bank_code: row.bankCode,
    currency: row.currency,
    holds: row.holds,
    removes_doubles: row.removesDoubles,
    timeout_ms: row.timeoutMs,
  };
}

/** Adds the addresses of merchants' bank accounts, of our own, and of merchants' terms. */
export function accountRoutes(http: Http, deps: PayoutsDeps, auth: PayoutsAuth): void {
  ownAccounts(http, deps, auth);
  entering(http, deps, auth);
  changing(http, deps, auth);
  connections(http, deps, auth);
}

function ownAccounts(http: Http, deps: PayoutsDeps, { authenticateMerchant }: PayoutsAuth): void {
  http.get<Input<never, never, ReturnType<typeof strictObject<typeof PageQuery>>>>(
    "/v1/bank_accounts",
    {
      schema: {
        operationId: "listBankAccounts",
        summary: "Your bank accounts",
        tags: ["Payouts"],
        security: [{ merchant: [] }],
        querystring: strictObject(PageQuery),
        response: { 200: pageSchema(AccountSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      const limit = readLimit(request.query.limit);
      const before = readCursorId(request.query.cursor);
      const rows = await findBankAccounts(deps, { payeeId: merchantId, number: null }, before, limit + 1);
      return pageOf(rows, limit, (account) => [account.id], presentAccount);
    },
  );
}

export function readAccount(body: Static<typeof AccountBody>): NewBankAccount {
  const { currency, holder_name: holderName, number, bank_code: bankCode, bank_name } = body;
  return { currency, holderName, number, bankCode, bankName: bank_name ?? null };
}

function entering(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.post<Input<typeof AccountBody, typeof IdParams>>(
    "/v1/ops/merchants/:id/bank_accounts",
    {
      schema: opsSchema({
        operationId: "opsAddBankAccount",
        summary: "Enter a merchant's bank account",
        description: "In the merchant's registered name alone. Nothing is paid to it before it is verified.",
        params: IdParams,
        body: AccountBody,
        response: {
          200: OpsAccountSchema,
          201: OpsAccountSchema,
          ...problems(400, 401, 403, 404, 409, 422),
        },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const payee = ownPayee(readId("mch", request.params.id));
      const { account, made } = await addBankAccount(deps, actor, payee, readAccount(request.body));
      return reply.status(made ? 201 : 200).send(presentOpsAccount(account));
    },
  );
  http.get<Input<never, never, typeof FindQuery>>(
    "/v1/ops/bank_accounts",
    {
      schema: opsSchema({
        operationId: "opsListBankAccounts",
        summary: "Bank accounts, the newest first",
        querystring: FindQuery,
        response: { 200: pageSchema(OpsAccountSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { merchant, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const payeeId = merchant === undefined ? null : readId("mch", merchant);
      const filter = { payeeId, number: null };
      const rows = await findBankAccounts(deps, filter, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, (account) => [account.id], presentOpsAccount);
    },
  );
  http.post<Input<typeof FindBody>>(
    "/v1/ops/bank_accounts/find",
    {
      schema: opsSchema({
        operationId: "opsFindBankAccounts",
        summary: "Bank accounts with a number, whoever's they are",
        body: FindBody,
        response: { 200: Type.Object({ data: Type.Array(OpsAccountSchema) }), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const filter = { payeeId: null, number: request.body.number };
      return { data: (await findBankAccounts(deps, filter, null, FOUND_MAX)).map(presentOpsAccount) };
    },
  );
}

function changing(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.post<Input<typeof EvidenceBody, typeof IdParams>>(
    "/v1/ops/bank_accounts/:id/verify",
    {
      schema: opsSchema({
        operationId: "opsVerifyBankAccount",
        summary: "Propose to take a bank account for its payee's",
        description: "Another operator looks at the evidence and approves it at /v1/ops/approvals.",
        params: IdParams,
        body: EvidenceBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const id = readId("bac", request.params.id);
      const approval = await proposeVerification(deps, actor, id, request.body.evidence);
      return reply.status(202).send(presentApproval(approval));
    },
  );
  http.post<Input<never, typeof IdParams>>(
    "/v1/ops/bank_accounts/:id/disable",
    {
      schema: opsSchema({
        operationId: "opsDisableBankAccount",
        summary: "Stop new payouts to a bank account",
        params: IdParams,
        response: { 200: OpsAccountSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const id = readId("bac", request.params.id);
      return presentOpsAccount(await disableBankAccount(deps, actor, id));
    },
  );
  http.put<Input<typeof TermsBody, typeof IdParams>>(
    "/v1/ops/merchants/:id/payout_terms",
    {
      schema: opsSchema({
        operationId: "opsSetPayoutTerms",
        summary: "Propose what a merchant's payouts cost, and how long a changed account waits",
        params: IdParams,
        body: TermsBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409, 422) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { currency, cool_down_hours: coolDownHours } = request.body;
      const fee = BigInt(request.body.fee);
      const payee = ownPayee(readId("mch", request.params.id));
      const terms = { currency, fee, minimum: 0n, coolDownHours };
      const approval = await proposeTerms(deps, actor, payee, terms);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}

function connections(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.get(
    "/v1/ops/bank_connections",
    {
      schema: opsSchema({
        operationId: "opsListBankConnections",
        summary: "Our accounts at banks",
        response: { 200: Type.Object({ data: Type.Array(ConnectionSchema) }), ...problems(401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      return { data: (await allConnections(deps.platform.db)).map(presentConnection) };
    },
  );
  http.put<Input<typeof ConnectionBody, typeof ConnectionParams>>(
    "/v1/ops/bank_connections/:name",
    {
      schema: opsSchema({
        operationId: "opsSetBankConnection",
        summary: "Propose an account of ours at a bank, and how the bank is reached",
        description: "Another operator approves it: who sets this decides where money is sent.",
        params: ConnectionParams,
        body: ConnectionBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { body } = request;
      const approval = await proposeConnection(deps, actor, {
        name: request.params.name,
        url: body.url,
        accountNumber: body.account_number,
        holderName: body.holder_name,
        bankCode: body.bank_code,
        currency: body.currency,
        holds: body.holds,
        removesDoubles: body.removes_doubles,
        timeoutMs: body.timeout_ms ?? TIMEOUT_MS,
      });
      return reply.status(202).send(presentApproval(approval));
    },
  );
}
