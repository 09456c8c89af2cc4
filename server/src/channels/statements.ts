/**
 * A channel's statement of a day, fetched from the channel when an operator asks for it. Nothing is kept or
 * booked.
 */
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { problem } from "../kernel/errors.ts";
import {
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import { opsSchema, readId } from "../operators/index.ts";
import type { ChannelAccount } from "./accounts/model.ts";
import type { Statement, StatementLine } from "./port.ts";
import type { Channels } from "./service.ts";

export type StatementRoutesDeps = {
  readonly channels: Pick<Channels, "account" | "channel" | "contextOf" | "budget">;
  /** Throws `unauthenticated` or `forbidden`. */
  readonly authenticateOperator: (
    request: FastifyRequest,
    permission: "channel_accounts.read",
  ) => Promise<unknown>;
};

const Params = strictObject({
  id: Type.String({ maxLength: 100 }),
  date: Type.String({ format: "date", description: "The channel's business date" }),
});

const MinorUnits = (description: string) => Type.Integer({ description });

/** One line, as it is shown. */
export const StatementLineSchema = Type.Object({
  line: Type.Integer({ description: "The line's number in the file, from 1" }),
  kind: Type.Enum(["payment", "refund", "dispute"]),
  channel_trade_no: Type.String(),
  channel_order_no: Type.String({ description: "Our number of the order at the channel" }),
  channel_refund_no: Type.Union([Type.String(), Type.Null()], { description: "Our number of the refund" }),
  amount: MinorUnits("Positive for a payment, negative for a refund or a dispute; else it came back"),
  settle_amount: MinorUnits("What settles of it: less vouchers that the merchant funded"),
  fee: MinorUnits("What the channel charges; negative: what it gives back"),
  currency: CurrencySchema,
  created_at: InstantSchema,
  finished_at: InstantSchema,
  subject: Type.String(),
  unknown_merchant: Type.Boolean({ description: "Of a merchant number that is not this contract's" }),
});

const StatementSchema = Type.Object({
  channel_account: Type.String(),
  channel_date: Type.String({ format: "date" }),
  account: Type.String({ description: "Whose statement the channel says it is" }),
  lines: Type.Array(StatementLineSchema),
});

/** Adds `/v1/ops/channel_accounts/{id}/statements/{date}`. */
export function statementRoutes(http: Http, deps: StatementRoutesDeps): void {
  http.get<Input<never, typeof Params>>(
    "/v1/ops/channel_accounts/:id/statements/:date",
    {
      schema: opsSchema({
        operationId: "opsGetStatement",
        summary: "Download a day's statement from the channel and read it",
        description:
          "Asks the channel now, and keeps nothing. A channel publishes a day on the next morning.",
        params: Params,
        response: { 200: StatementSchema, ...problems(400, 401, 403, 404, 409, 502, 503) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "channel_accounts.read");
      const account = await deps.channels.account(readId("cha", request.params.id));
      if (account === null) throw problem("not_found");
      return presentStatement(account, await download(deps, account, request.params.date));
    },
  );
}

async function download(
  { channels }: StatementRoutesDeps,
  account: ChannelAccount,
  channelDate: string,
): Promise<Statement> {
  const channel = channels.channel(account.channel);
  if (channel === null || account.credentialVersion === null) {
    throw problem("conflict", { detail: "the account has no credentials yet; save them first" });
  }
  if (!(await channels.budget.take(account, "background"))) {
    throw unavailable("the account's calls per second are needed for payments");
  }
  const call = await channel.downloadStatement(await channels.contextOf(account, "current"), channelDate);
  if (call.end === "answered") return call.value;
  if (call.end !== "refused") throw unavailable(call.reason);
  const { displayName } = channel.traits;
  if (call.code === "no_statement") {
    throw problem("not_found", { detail: `${displayName} has published no statement of ${channelDate}` });
  }
  if (call.retryable) throw unavailable(`${call.code}: ${call.message}`);
  throw problem("statement_refused", { detail: `${call.code}: ${call.message}` });
}

function unavailable(detail: string) {
  return problem("channel_unavailable", { detail });
}

function presentStatement(account: ChannelAccount, statement: Statement) {
  return {
    channel_account: formatId("cha", account.id),
    channel_date: statement.channelDate,
    account: statement.account,
    lines: statement.lines.map(presentStatementLine),
  };
}

/** A line as `StatementLineSchema` says. */
export function presentStatementLine(line: StatementLine) {
  return {
    line: line.line,
    kind: line.kind,
    channel_trade_no: line.channelTradeNo,
    channel_order_no: line.channelOrderNo,
    channel_refund_no: line.channelRefundNo,
    amount: Number(line.amount),
    settle_amount: Number(line.settleAmount),
    fee: Number(line.fee),
    currency: line.currency,
    created_at: line.createdAt.toISOString(),
    finished_at: line.finishedAt.toISOString(),
    subject: line.subject,
    unknown_merchant: line.isStrangers === true,
  };
}
