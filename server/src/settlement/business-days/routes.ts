import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Clock } from "../../kernel/clock.ts";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Platform } from "../../kernel/revision.ts";
import { type Actor, type Operators, opsSchema, type Permission } from "../../operators/index.ts";
import { readDate } from "../dates.ts";
import { isWeekend } from "./model.ts";
import { insertYear, type KeptYear, listYears } from "./store.ts";

export type BusinessDayRoutesDeps = {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly operators: Pick<Operators, "audit">;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const YearParams = strictObject({
  calendar: Type.String({ pattern: "^[A-Z]{2}$", description: "CN: mainland China" }),
  year: Type.String({ pattern: "^2[0-9]{3}$" }),
});
const DateList = Type.Array(Type.String({ maxLength: 10 }), { maxItems: 366 });
const YearBody = strictObject({
  holidays: Type.Array(Type.String({ maxLength: 10 }), {
    maxItems: 366,
    description: "Dates without business; weekends need not be named",
  }),
  workdays: Type.Array(Type.String({ maxLength: 10 }), {
    maxItems: 104,
    description: "Saturdays and Sundays that are worked (调休)",
  }),
  source: Type.String({ minLength: 3, maxLength: 300, description: "The notice that says so" }),
});
const YearSchema = Type.Object({
  calendar: Type.String(),
  year: Type.Integer(),
  version: Type.Integer(),
  holidays: DateList,
  workdays: DateList,
  source: Type.String(),
  loaded_by: Type.Union([Type.String(), Type.Null()]),
  loaded_at: Type.Union([InstantSchema, Type.Null()]),
});

/** Adds `/v1/ops/business_days…`. */
export function businessDayRoutes(http: Http, deps: BusinessDayRoutesDeps): void {
  http.get(
    "/v1/ops/business_days",
    {
      schema: opsSchema({
        operationId: "opsListBusinessYears",
        summary: "Show the years of every business-day calendar",
        response: { 200: Type.Object({ data: Type.Array(YearSchema) }), ...problems(401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "settlements.read");
      return { data: (await listYears(deps.platform.db)).map(presentYear) };
    },
  );
  http.put<Input<typeof YearBody, typeof YearParams>>(
    "/v1/ops/business_days/:calendar/:year",
    {
      schema: opsSchema({
        operationId: "opsLoadBusinessYear",
        summary: "Load or correct one year of a calendar",
        description:
          "A year counts only whole. A correction is a new version; what was settled before stays settled.",
        params: YearParams,
        body: YearBody,
        response: { 200: YearSchema, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request) => {
      const actor = await deps.authenticateOperator(request, "settlements.write");
      const { calendar } = request.params;
      const year = Number(request.params.year);
      const holidays = readDates(request.body.holidays, "holidays", year);
      const workdays = readDates(request.body.workdays, "workdays", year);
      const weekday = workdays.findIndex((date) => !isWeekend(date));
      if (weekday >= 0) throw refused(`workdays.${weekday}`, "is a weekday, which is worked anyway");
      const both = workdays.findIndex((date) => holidays.includes(date));
      if (both >= 0) throw refused(`workdays.${both}`, "is also among the holidays");
      const { source } = request.body;
      return presentYear(await load(deps, actor, { calendar, year, holidays, workdays, source }));
    },
  );
}

async function load(
  { platform, operators, clock }: BusinessDayRoutesDeps,
  actor: Actor,
  wanted: Pick<KeptYear, "calendar" | "year" | "holidays" | "workdays" | "source">,
): Promise<KeptYear> {
  return platform.transact(async (tx) => {
    const before = (await listYears(tx)).find(
      ({ calendar, year }) => calendar === wanted.calendar && year === wanted.year,
    );
    const version = (before?.version ?? 0) + 1;
    const after = { ...wanted, version, loadedBy: actor.operator.id, loadedAt: clock.now() };
    if ((await insertYear(tx, after)) === 0) {
      throw problem("conflict", { detail: "somebody else has loaded this year at the same time" });
    }
    await operators.audit(tx, actor, {
      action: "business_year.loaded",
      subject: `${wanted.calendar} ${wanted.year}`,
      before: before === undefined ? null : presentYear(before),
      after: presentYear(after),
    });
    return after;
  });
}

function refused(field: string, detail: string) {
  return problem("invalid_request", { field, detail: `${field} ${detail}` });
}

/** Dates of one year, in order and each once. Throws `invalid_request` naming the field. */
function readDates(texts: readonly string[], field: string, year: number): string[] {
  texts.forEach((text, index) => {
    readDate(text, `${field}.${index}`);
    if (!text.startsWith(`${year}-`)) throw refused(`${field}.${index}`, `is not a date of ${year}`);
  });
  return [...new Set(texts)].sort();
}

function presentYear(year: KeptYear) {
  return {
    calendar: year.calendar,
    year: year.year,
    version: year.version,
    holidays: [...year.holidays],
    workdays: [...year.workdays],
    source: year.source,
    loaded_by: year.loadedBy === null ? null : formatId("opr", year.loadedBy),
    loaded_at: year.loadedAt?.toISOString() ?? null,
  };
}
