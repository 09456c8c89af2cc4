import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { type Clock, MINUTE, plus } from "../kernel/clock.ts";
import type { Keyring } from "../kernel/crypto.ts";
import { problem } from "../kernel/errors.ts";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../kernel/http.ts";
import { decodeCursor, encodeCursor, PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
import { type Actor, opsSchema, optionalBody, type Permission, pageSchema } from "../operators/index.ts";
import { linkKeyOf, readLinkKey } from "./report-link.ts";
import { type Report, readJson } from "./report-model.ts";
import { reportPage } from "./report-page.ts";
import type { DayClose } from "./service.ts";
import { AlarmSchema, DaySchema, presentAlarm, presentDay, presentRun, RunSchema } from "./wire.ts";

export type DayCloseRoutesDeps = {
  readonly clock: Clock;
  readonly dayClose: DayClose;
  readonly keyring: Pick<Keyring, "mac" | "macs">;
  /** Where the platform is reached, without a slash at its end. */
  readonly publicUrl: () => string;
  /** Throws `unauthenticated` or `forbidden`. */
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const DateParams = strictObject({ date: Type.String({ format: "date", description: "An accounting date" }) });
const ListQuery = strictObject(PageQuery);
const CloseBody = optionalBody({
  without_statements: Type.Optional(
    Type.Boolean({
      description:
        "Go on without the statements that are still missing; what they would explain is reconciled when " +
        "they come.",
    }),
  ),
});
const LinkQuery = strictObject({ key: Type.String({ maxLength: 200 }) });

/** How long a link to a report's page opens it. */
const LINK_MS = 15 * MINUTE;
/** A page without scripts, and whose only style is its own. */
const CSP =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'";

/** Adds `/v1/ops/days…`, `/v1/ops/close_alarms` and the page `/ops/days/{date}/report`. */
export function dayCloseRoutes(http: Http, deps: DayCloseRoutesDeps): void {
  closing(http, deps);
  days(http, deps);
  alarms(http, deps);
  reports(http, deps);
}

function closing(http: Http, deps: DayCloseRoutesDeps): void {
  const { dayClose, clock } = deps;
  http.post<Input<typeof CloseBody, typeof DateParams>>(
    "/v1/ops/days/:date/close",
    {
      schema: opsSchema({
        operationId: "opsCloseDay",
        summary: "Close a day",
        description:
          "Begins the close of an accounting date that was cut over, or makes one that waits go on at " +
          "once. It goes on by itself; ask for the day to see how far it is.",
        params: DateParams,
        body: CloseBody,
        response: { 200: RunSchema, 202: RunSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "days.close");
      const withoutStatements = request.body?.without_statements ?? false;
      const run = await dayClose.request(request.params.date, actor, { withoutStatements });
      reply.status(run.run.state === "done" ? 200 : 202);
      return presentRun(run, dayClose.titles, clock.now());
    },
  );
}

function days(http: Http, deps: DayCloseRoutesDeps): void {
  const { dayClose, clock } = deps;
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/days",
    {
      schema: opsSchema({
        operationId: "opsListDays",
        summary: "List the days that were cut over, and how far their close is, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(DaySchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "days.read");
      const limit = readLimit(request.query.limit);
      const before = readDate(request.query.cursor);
      const rows = await dayClose.list(before, limit + 1);
      return pageOf(rows, limit, ({ accountingDate }) => [accountingDate], presentDay);
    },
  );
  http.get<Input<never, typeof DateParams>>(
    "/v1/ops/days/:date",
    {
      schema: opsSchema({
        operationId: "opsGetDay",
        summary: "Show the close of a day, step by step",
        params: DateParams,
        response: { 200: RunSchema, ...problems(400, 401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "days.read");
      return presentRun(await dayClose.get(request.params.date), dayClose.titles, clock.now());
    },
  );
}

function alarms(http: Http, { dayClose, authenticateOperator }: DayCloseRoutesDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/close_alarms",
    {
      schema: opsSchema({
        operationId: "opsListCloseAlarms",
        summary: "List what of the days' closes needs a person",
        description:
          "The newest date first; empty while every close has begun in time, goes on and is done. A page " +
          "has all alarms of as many dates as `limit` says, and may have none where dates are not late " +
          "yet. The same is said in the log, at once and every hour.",
        querystring: ListQuery,
        response: { 200: pageSchema(AlarmSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "days.read");
      const { limit, cursor } = request.query;
      const { alarms: found, through } = await dayClose.alarms.page(readDate(cursor), readLimit(limit));
      return {
        data: found.map(presentAlarm),
        next_cursor: through === null ? null : encodeCursor([through]),
      };
    },
  );
}

function reports(http: Http, deps: DayCloseRoutesDeps): void {
  const { clock, keyring } = deps;
  http.get<Input<never, typeof DateParams>>(
    "/v1/ops/days/:date/report",
    {
      schema: opsSchema({
        operationId: "opsGetDayReport",
        summary: "Show what a closed day came to",
        description: "Amounts are in minor units. What it says never changes; `hash` is that of its text.",
        params: DateParams,
        response: {
          200: Type.Object({
            accounting_date: Type.String({ format: "date" }),
            hash: Type.String({ description: "SHA-256 of the report as it is stored, hexadecimal" }),
            made_at: InstantSchema,
            report: Type.Unknown(),
          }),
          ...problems(400, 401, 403, 404),
        },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "days.read");
      const stored = await storedReport(deps, request.params.date);
      return {
        accounting_date: stored.accountingDate,
        hash: stored.hash.toString("hex"),
        made_at: stored.madeAt.toISOString(),
        report: JSON.parse(stored.report) as unknown,
      };
    },
  );
  http.post<Input<never, typeof DateParams>>(
    "/v1/ops/days/:date/report_link",
    {
      schema: opsSchema({
        operationId: "opsLinkDayReport",
        summary: "Make a link that opens a day's report as a page",
        description: "Whoever has the link reads the report, for a quarter of an hour.",
        params: DateParams,
        response: {
          200: Type.Object({ url: Type.String(), expires_at: InstantSchema }),
          ...problems(400, 401, 403, 404),
        },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "days.read");
      const { date } = request.params;
      await storedReport(deps, date);
      const expiresAt = plus(clock.now(), LINK_MS);
      const url = `${deps.publicUrl()}/ops/days/${date}/report?key=${linkKeyOf(keyring, date, expiresAt)}`;
      return { url, expires_at: expiresAt.toISOString() };
    },
  );
  http.get<Input<never, typeof DateParams, typeof LinkQuery>>(
    "/ops/days/:date/report",
    { schema: { hide: true, params: DateParams, querystring: LinkQuery } },
    async (request, reply) => {
      const { date } = request.params;
      if (!readLinkKey(keyring, date, request.query.key, clock.now())) {
        throw problem("forbidden", { detail: "the link is over, or of another day: ask for a new one" });
      }
      const stored = await storedReport(deps, date);
      return sendPage(reply, reportPage(readJson(stored.report) as Report, stored.hash));
    },
  );
}

async function storedReport({ dayClose }: DayCloseRoutesDeps, date: string) {
  const stored = await dayClose.report(date);
  if (stored === null) throw problem("not_found", { detail: `${date} is not closed yet; see its close` });
  return stored;
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return reply
    .header("content-type", "text/html; charset=utf-8")
    .header("content-security-policy", CSP)
    .header("cache-control", "no-store")
    .header("referrer-policy", "no-referrer")
    .header("x-frame-options", "DENY")
    .send(page);
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

function readDate(cursor: string | undefined): string | null {
  const date = decodeCursor(cursor, 1)?.[0] ?? null;
  if (date !== null && !DATE.test(date)) throw problem("cursor_invalid", { field: "query.cursor" });
  return date;
}
