/** A merchant with a contract, and the people of the back office, on a platform under test. */
import assert from "node:assert/strict";
import type { Answer, Json, TestPlatform } from "../../../../../tools/testing/platform.ts";
import { type Id, parseId } from "../../../kernel/ids.ts";
import { bookIdOf } from "../../../ledger/index.ts";
import { openShop, type Shop } from "../../../payments/testing/shop.ts";
import { booked, breaksAbout, type Made, type Wanted, writeGeneration } from "./generations.ts";

export const DATE = "2026-11-20";
export const NEXT = "2026-11-21";

export type World = {
  readonly shop: Shop;
  readonly channelAccountId: Id;
  readonly book: Id;
  /** Writes a generation and applies it; its id. */
  found(findings: readonly Wanted[], more?: Partial<Made>): Promise<Id>;
  /** What its breaks' journals did, by account and channel date. */
  books(): ReturnType<typeof booked>;
  /** State, resolution and suspense of each break about a key. */
  state(matchKey: string): Promise<unknown[]>;
  /** The wire id of the only break about a key. */
  idOf(matchKey: string): Promise<string>;
};

const goOn = async () => {};

export async function openWorld(
  platform: TestPlatform,
  contract: Record<string, unknown> = {},
): Promise<World> {
  const shop = await openShop(platform, contract);
  const { cell, breaks } = platform.app;
  const channelAccountId = parseId("cha", shop.channelAccountId) as Id;
  const book = bookIdOf("merchant", parseId("mch", shop.id) as Id);
  const rowsOf = async (matchKey: string) =>
    (await breaksAbout(cell, matchKey)).filter((row) => row.channelAccountId === channelAccountId);
  return {
    shop,
    channelAccountId,
    book,
    found: async (findings, more = {}) => {
      const id = await writeGeneration(cell, { channelAccountId, channelDate: DATE, findings, ...more });
      assert.deepEqual(await breaks.apply(id, goOn), { end: "applied" });
      return id;
    },
    books: () => booked(cell, book),
    state: async (matchKey) =>
      (await rowsOf(matchKey)).map(({ state, resolution, surplusEffect, shortageEffect }) => [
        state,
        resolution,
        surplusEffect - shortageEffect,
      ]),
    idOf: async (matchKey) => {
      const { body } = await platform.ops("GET", `/v1/ops/breaks?state=all&merchant=${shop.id}&limit=100`);
      const rows = body.data.filter((row: Json) => row.match_key === matchKey);
      assert.equal(rows.length, 1, JSON.stringify(body));
      return rows[0].id;
    },
  };
}

/** A person of the back office. */
export type Person = {
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Proposes a resolution; the approval's id. */
  propose(breakId: string, resolution: string, more?: object): Promise<string>;
  decide(approvalId: string, verdict: "approve" | "reject"): Promise<Answer>;
};

export async function hire(platform: TestPlatform, name: string, ...roles: string[]): Promise<Person> {
  const made = await platform.ops("POST", "/v1/ops/operators", { name, roles });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { token } = made.body;
  const ask: Person["ask"] = (method, path, body) => platform.api(method, path, body, token);
  return {
    ask,
    propose: async (breakId, resolution, more = {}) => {
      const wish = { resolution, reason: "As agreed with the channel", ...more };
      const proposed = await ask("POST", `/v1/ops/breaks/${breakId}/propose`, wish);
      assert.equal(proposed.status, 202, JSON.stringify(proposed.body));
      return proposed.body.id;
    },
    decide: (approvalId, verdict) => ask("POST", `/v1/ops/approvals/${approvalId}/${verdict}`, {}),
  };
}
