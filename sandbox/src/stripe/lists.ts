import type { Collection, StoreReader } from "../store/index.ts";
import type { View } from "./views.ts";
import type { Params } from "./wire/params.ts";
import { invalid } from "./wire/refusals.ts";

// Stripe's lists: newest first, a page after or before an object that the caller names.

export type Listed = { id: string; createdAt: Date; view: () => Promise<View> | View };

const limitDefault = 10n;
const limitMax = 100n;
const chunk = 200;

/** The page that the parameters ask for, of what comes newest first. */
export async function pageOf(params: Params, url: string, all: AsyncIterable<Listed>): Promise<View> {
  const limit = Number(params.integer("limit", 1n, limitMax) ?? limitDefault);
  const after = params.text("starting_after");
  const before = params.text("ending_before");
  if (after !== null && before !== null) {
    throw invalid(
      "starting_after",
      "You may only specify one of these parameters: starting_after, ending_before.",
    );
  }
  const { page, more } =
    before === null ? await pageAfter(all, after, limit) : await pageBefore(all, before, limit);
  const data: View[] = [];
  for (const one of page) data.push(await one.view());
  return { object: "list", data, has_more: more, url };
}

export type Range = { from: Date | null; to: Date | null };

/** `created[gte]` and its siblings, or one second: from (inclusive) and to (exclusive). */
export function createdIn(params: Params): Range {
  const at = (seconds: bigint | null, plus = 0n): Date | null =>
    seconds === null ? null : new Date(Number(seconds + plus) * 1_000);
  const bound = (name: string) => created?.integer(name, 0n, 99_999_999_999n) ?? null;
  const created = params.object("created");
  const from = at(bound("gte")) ?? at(bound("gt"), 1n);
  const to = at(bound("lt")) ?? at(bound("lte"), 1n);
  return { from, to };
}

/** What lies in the range, as long as the newest come first. */
export async function* within(range: Range, all: AsyncIterable<Listed>): AsyncGenerator<Listed> {
  for await (const one of all) {
    if (range.to && one.createdAt >= range.to) continue;
    if (range.from && one.createdAt < range.from) return;
    yield one;
  }
}

/** Every record of a group, newest first. */
export async function* everyOf<T>(
  reader: StoreReader,
  collection: Collection<T>,
  group: string,
): AsyncGenerator<T> {
  let cursor: string | null = null;
  do {
    const page: { records: T[]; cursor: string | null } = await reader.list(collection, {
      group,
      limit: chunk,
      cursor,
    });
    yield* page.records;
    cursor = page.cursor;
  } while (cursor !== null);
}

type PageFound = { page: Listed[]; more: boolean };

async function pageAfter(
  all: AsyncIterable<Listed>,
  after: string | null,
  limit: number,
): Promise<PageFound> {
  const page: Listed[] = [];
  let begun = after === null;
  for await (const one of all) {
    if (!begun) {
      begun = one.id === after;
      continue;
    }
    if (page.length === limit) return { page, more: true };
    page.push(one);
  }
  if (!begun) throw unknown("starting_after", after!);
  return { page, more: false };
}

async function pageBefore(all: AsyncIterable<Listed>, before: string, limit: number): Promise<PageFound> {
  const newer: Listed[] = [];
  let more = false;
  for await (const one of all) {
    if (one.id === before) return { page: newer, more };
    newer.push(one);
    if (newer.length > limit) more = newer.shift() !== undefined;
  }
  throw unknown("ending_before", before);
}

function unknown(param: string, id: string) {
  return invalid(param, `No such object: '${id}'`, "resource_missing");
}
