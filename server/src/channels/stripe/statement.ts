import { MINUTE } from "../../kernel/clock.ts";
import type { Call, CallEnd, ChannelContext, ChannelDeps, ExchangeRecord } from "../port.ts";
import { type Fields, refused } from "./answer.ts";
import { pageOf } from "./finding.ts";
import { begun, callGateway } from "./gateway.ts";
import { fileOf } from "./movements.ts";
import { movementsOf } from "./requests.ts";

/** About a hundred thousand movements. */
const PAGES_MAX = 1_000;

/** A page with its sources takes longer to make than an answer. */
const PAGE_TIMEOUT_MIN_MS = MINUTE;

/** With the last page's own minute, five: nobody who waits for a statement waits longer. */
const BEGUN_WITHIN_MS = 4 * MINUTE;

type Movements = CallEnd<readonly Fields[]> & { readonly exchange: ExchangeRecord };

/** All that moved the account's balance on a UTC day, page by page, as one file. */
export async function fetchStatement(
  deps: ChannelDeps,
  context: ChannelContext,
  channelDate: string,
): Promise<Call<Buffer>> {
  const operation = begun(deps, context, { withinMs: BEGUN_WITHIN_MS, waits: true });
  const patient = { ...operation, timeoutMs: Math.max(context.timeoutMs, PAGE_TIMEOUT_MIN_MS) };
  const read = await readPages(deps, patient, channelDate);
  if (read.end !== "answered") return read;
  const { value: movements, exchange } = read;
  if (movements.length > 0) return { end: "answered", value: fileOf(movements), exchange };
  const message = `nothing moved on ${channelDate}`;
  return { end: "refused", code: "no_statement", message, retryable: true, exchange };
}

/** A statement is whole or none: a page that does not come leaves nothing. */
async function readPages(
  deps: ChannelDeps,
  context: ChannelContext,
  channelDate: string,
): Promise<Movements> {
  const startedAt = deps.clock.now();
  const movements: Fields[] = [];
  let after: string | null = null;
  let codes: string | null = null;
  const exchange = (pages: number): ExchangeRecord => ({
    operation: "statement",
    startedAt,
    tookMs: deps.clock.now().getTime() - startedAt.getTime(),
    channelCode: codes,
    request: `GET ${movementsOf(channelDate, null).target}`,
    response: `${pages} pages, ${movements.length} movements`,
  });
  for (let pages = 1; pages <= PAGES_MAX; pages += 1) {
    const called = await callGateway(deps, context, "statement", movementsOf(channelDate, after));
    codes = called.exchange.channelCode;
    if (called.end !== "answer") {
      if (pages === 1) return called;
      const reason = called.end === "refused" ? called.message : called.reason;
      return { end: "unknown", reason: `page ${pages}: ${reason}`, exchange: exchange(pages) };
    }
    if (called.answer.code !== null) return { ...refused(called.answer), exchange: called.exchange };
    const page = pageOf(called.answer.body);
    if ("reason" in page) return { ...page, exchange: exchange(pages) };
    movements.push(...page.objects);
    if (page.next === null) return { end: "answered", value: movements, exchange: exchange(pages) };
    after = page.next;
  }
  const message = `more than ${PAGES_MAX} pages of movements on one day`;
  return {
    end: "refused",
    code: "statement_invalid",
    message,
    retryable: false,
    exchange: exchange(PAGES_MAX),
  };
}
