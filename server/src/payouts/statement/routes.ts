import { Type } from "typebox";
import {
  AmountSchema,
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  ApprovalSchema,
  opsSchema,
  pageSchema,
  presentApproval,
  readCursorId,
  readIdField,
} from "../../operators/index.ts";
import { allConnections } from "../accounts/store.ts";
import { channelPayoutId } from "../channel/service.ts";
import { type ChannelPayout, listChannelPayouts } from "../channel/store.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import { ENTRY_FIELDS } from "./entry-fields.ts";
import { proposeAnnouncement, proposeMatch } from "./people.ts";
import { askAgain } from "./readings.ts";
import { listReadings, type Reading } from "./readings-store.ts";
import { type EntryRow, listEntries } from "./store.ts";

const NullableString = Type.Union([Type.String(), Type.Null()]);
const DateField = Type.String({ pattern: "^\\d{4}-\\d{2}-\\d{2}$", description: "yyyy-mm-dd" });

const EntrySchema = Type.Object({
  connection: NullableString,
  entry_ref: Type.String(),
  statement_date: Type.String(),
  value_date: Type.String(),
  amount: Type.Integer({ description: "Money in is positive" }),
  currency: CurrencySchema,
  counterparty: NullableString,
  end_to_end_id: NullableString,
  info: NullableString,
  state: Type.Enum(["placed", "unplaced", "contradiction"]),
  placed_as: NullableString,
});
const ChannelPayoutSchema = Type.Object({
  id: Type.String(),
  channel_account: Type.String(),
  merchant: Type.String(),
  payout_no: Type.String(),
  amount: Type.Integer(),
  currency: CurrencySchema,
  covers_from: Type.Union([Type.String(), Type.Null()], {
    description: "The channel dates whose money is paid whole with it; null: of no date, or it is not known",
  }),
  covers_through: NullableString,
  announced_date: Type.String(),
  payer: Type.String(),
  announced_at: InstantSchema,
  told_by_channel: Type.Boolean({ description: "Its statement has it; false: people alone say so" }),
  doubt: Type.Union([Type.String(), Type.Null()], {
    description: "What the channel's statement says otherwise now",
  }),
  received: Type.Boolean(),
  withdrawn_at: Type.Union([InstantSchema, Type.Null()]),
});

const EntryQuery = strictObject({
  ...PageQuery,
  state: Type.Optional(Type.Enum(["placed", "unplaced", "contradiction"])),
});
const ChannelQuery = strictObject({
  ...PageQuery,
  received: Type.Optional(Type.Enum(["true", "false"])),
});
const MatchBody = strictObject({
  ...ENTRY_FIELDS,
  channel_payouts: Type.Array(Type.String({ maxLength: 40 }), { minItems: 1, maxItems: 100 }),
});
const AnnounceBody = strictObject({
  channel_account: Type.String({ maxLength: 40 }),
  payout_no: Type.String({ minLength: 1, maxLength: 64, pattern: "^[0-9A-Za-z_-]+$" }),
  amount: AmountSchema,
  currency: CurrencySchema,
  covers_from: DateField,
  covers_through: DateField,
  announced_date: DateField,
  payer: Type.String({ minLength: 1, maxLength: 140, description: "As the bank's statement names him" }),
});

const ReadingSchema = Type.Object({
  statement: Type.String(),
  connection: NullableString,
  statement_date: Type.String(),
  state: Type.Enum(["waiting", "read", "refused"]),
  reason: NullableString,
  entries: Type.Union([Type.Integer(), Type.Null()]),
  placed: Type.Union([Type.Integer(), Type.Null()], { description: "Of them, those nobody is asked about" }),
  read_at: Type.Union([InstantSchema, Type.Null()]),
});
const ReadingQuery = strictObject({
  ...PageQuery,
  state: Type.Optional(Type.Enum(["waiting", "read", "refused"])),
});
const StatementParams = strictObject({ statement: Type.String({ maxLength: 40 }) });

/** Adds what people see and say of banks' statements, and of what channels pay us. */
export function statementRoutes(http: Http, deps: PayoutsDeps, auth: PayoutsAuth): void {
  reading(http, deps, auth);
  readings(http, deps, auth);
  saying(http, deps, auth);
}

function presentEntry(row: EntryRow, names: ReadonlyMap<string, string>) {
  return {
    connection: names.get(row.accountNumber) ?? null,
    entry_ref: row.entryRef,
    statement_date: row.statementDate,
    value_date: row.valueDate,
    amount: Number(row.amount),
    currency: row.currency,
    counterparty: row.counterpartyName,
    end_to_end_id: row.endToEndId,
    info: row.info,
    state: row.state,
    placed_as: row.placedAs,
  };
}

function presentChannelPayout(row: ChannelPayout) {
  return {
    id: channelPayoutId(row.id),
    channel_account: formatId("cha", row.channelAccountId),
    merchant: formatId("mch", row.merchantId),
    payout_no: row.payoutNo,
    amount: Number(row.amount),
    currency: row.currency,
    covers_from: row.coversFrom,
    covers_through: row.coversThrough,
    announced_date: row.announcedDate,
    payer: row.payer,
    announced_at: row.announcedAt.toISOString(),
    told_by_channel: row.toldBy !== null,
    doubt: row.doubt,
    received: row.receiptId !== null,
    withdrawn_at: row.withdrawnAt?.toISOString() ?? null,
  };
}

function reading(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.get<Input<never, never, typeof EntryQuery>>(
    "/v1/ops/bank_entries",
    {
      schema: opsSchema({
        operationId: "opsListBankEntries",
        summary: "Entries of our accounts' statements, and what they were taken for",
        querystring: EntryQuery,
        response: { 200: pageSchema(EntrySchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { state = null, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const after = decodeCursor(cursor, 2) as [string, string] | null;
      const rows = await listEntries(deps.cell.db, { accountNumber: null, state }, after, limit + 1);
      const connections = await allConnections(deps.platform.db);
      const names = new Map(connections.map(({ accountNumber, name }) => [accountNumber, name]));
      return pageOf(
        rows,
        limit,
        (row) => [row.accountNumber, row.entryRef],
        (row) => presentEntry(row, names),
      );
    },
  );
  http.get<Input<never, never, typeof ChannelQuery>>(
    "/v1/ops/channel_payouts",
    {
      schema: opsSchema({
        operationId: "opsListChannelPayouts",
        summary: "What channels pay us: announced, and seen at the bank",
        querystring: ChannelQuery,
        response: { 200: pageSchema(ChannelPayoutSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { received, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const only = received === undefined ? null : received === "true";
      const rows = await listChannelPayouts(deps.cell.db, only, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentChannelPayout);
    },
  );
}

/** Banks' statements on their way into the books. */
function readings(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  const namesOf = async () => {
    const connections = await allConnections(deps.platform.db);
    return new Map(connections.map(({ accountNumber, name }) => [accountNumber, name]));
  };
  http.get<Input<never, never, typeof ReadingQuery>>(
    "/v1/ops/bank_readings",
    {
      schema: opsSchema({
        operationId: "opsListBankReadings",
        summary: "Banks' statements that were received, and what became of each in the books",
        querystring: ReadingQuery,
        response: { 200: pageSchema(ReadingSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { state = null, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const rows = await listReadings(deps.cell.db, state, readCursorId(cursor), limit + 1);
      const names = await namesOf();
      return pageOf(
        rows,
        limit,
        (row) => [row.statementId],
        (row) => presentReading(row, names),
      );
    },
  );
  http.post<Input<never, typeof StatementParams>>(
    "/v1/ops/bank_readings/:statement/again",
    {
      schema: opsSchema({
        operationId: "opsReadBankStatementAgain",
        summary: "Read a statement again that was refused, such as one that came before its connection",
        params: StatementParams,
        response: { 202: ReadingSchema, ...problems(401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "statements.write");
      const id = readIdField("stm", request.params.statement, "statement");
      const again = await askAgain(deps, actor, id);
      return reply.status(202).send(presentReading(again, await namesOf()));
    },
  );
}

function presentReading(row: Reading, names: ReadonlyMap<string, string>) {
  return {
    statement: formatId("stm", row.statementId),
    connection: names.get(row.accountNumber) ?? null,
    statement_date: row.statementDate,
    state: row.state,
    reason: row.reason,
    entries: row.entries,
    placed: row.placed,
    read_at: row.readAt?.toISOString() ?? null,
  };
}

function saying(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  const answers = { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) };
  http.post<Input<typeof AnnounceBody>>(
    "/v1/ops/channel_payouts",
    {
      schema: opsSchema({
        operationId: "opsAnnounceChannelPayout",
        summary: "Propose a channel's payout that no statement of it tells",
        body: AnnounceBody,
        response: answers,
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { body } = request;
      const approval = await proposeAnnouncement(deps, actor, {
        channelAccountId: readIdField("cha", body.channel_account, "channel_account"),
        payoutNo: body.payout_no,
        amount: BigInt(body.amount),
        currency: body.currency,
        coversFrom: body.covers_from,
        coversThrough: body.covers_through,
        announcedDate: body.announced_date,
        payer: body.payer,
      });
      return reply.status(202).send(presentApproval(approval));
    },
  );
  http.post<Input<typeof MatchBody>>(
    "/v1/ops/bank_entries/match",
    {
      schema: opsSchema({
        operationId: "opsMatchBankEntry",
        summary: "Propose that an entry is these channel payouts",
        body: MatchBody,
        response: answers,
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { connection, entry_ref: entryRef, channel_payouts: texts } = request.body;
      const ids = texts.map((text) => readIdField("cpo", text, "channel_payouts"));
      const approval = await proposeMatch(deps, actor, { connection, entryRef }, ids);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}
