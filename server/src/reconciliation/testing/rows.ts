/** Rows of a small day, for tests. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Comparison, InScope } from "../engine/engine.ts";
import { writeMovements } from "../engine/files.ts";
import type { OurRow, ScopeRow, TheirRow } from "../engine/rows.ts";

export const ACCOUNT = "01980000-0000-7000-8000-00000000000a";
export const DATE = "2026-03-06";

export const scopeRow: ScopeRow = {
  scope: 1,
  channelAccountId: ACCOUNT,
  channelDate: DATE,
  readFrom: DATE,
  closedThrough: DATE,
  dateBefore: null,
  closedBefore: null,
  comparesFee: true,
  dropsFailedRefunds: false,
  billsReturns: false,
};

/** A payment of 1.00 there. */
export const theirRow: InScope<TheirRow> = {
  scope: 1,
  kind: "payment",
  tradeNo: "t1",
  orderNo: "o1",
  refundNo: "",
  amount: 100n,
  settle: 100n,
  toldFee: 1n,
  currency: "CNY",
  createdAt: "2026-03-06T04:00:00.000Z",
  finishedAt: "2026-03-06T04:00:10.000Z",
  subject: "Tea",
  stranger: false,
  channelDate: DATE,
  matchKey: "",
};

/** The same payment here. */
export const ourRow: InScope<OurRow> = {
  scope: 1,
  accountingDate: DATE,
  channelDate: DATE,
  journalId: "01980000-0000-7000-8000-000000000001",
  origin: "payment_success",
  kind: "payment",
  orderNo: "o1",
  tradeNo: "t1",
  refundNo: "",
  amount: 100n,
  settle: 100n,
  fee: 1n,
  currency: "CNY",
  paymentId: "01980000-0000-7000-8000-0000000000b1",
  attemptId: "01980000-0000-7000-8000-0000000000c1",
  refundId: "",
  voucher: false,
  quiet: false,
  matchKey: "",
};

/** Puts movements into an extract of their own for a comparison. */
export async function comparisonOf(
  scopes: readonly ScopeRow[],
  theirs: readonly InScope<TheirRow>[],
  ours: readonly InScope<OurRow>[],
): Promise<Comparison & { readonly remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "tributary-rows-"));
  const path = join(folder, "movements.csv");
  const accounts = new Map(scopes.map(({ scope, channelAccountId }) => [scope, channelAccountId]));
  const fresh = ours.filter(({ matchKey }) => matchKey === "");
  writeFileSync(path, "");
  await writeMovements(
    path,
    fresh.map((row) => ({ ...row, channelAccountId: accounts.get(row.scope) as string })),
  );
  return {
    scopes,
    theirs: [theirs],
    carried: ours.filter(({ matchKey }) => matchKey !== ""),
    movements: [path],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
