/**
 * Company batches (批量代付): many payouts at once, by file or API, made and proposed as a whole or not at all.
 */
import { Problem, problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { type Currency, formatDecimal } from "../../kernel/money.ts";
import type { Actor } from "../../operators/index.ts";
import { canonical } from "../../payments/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection, Batch, Payout } from "../model.ts";
import { insertWithHolds } from "../payout/insert.ts";
import { type Destination, destinationOf, newPayout, ownPayee } from "../payout/service.ts";
import { payoutByNumber } from "../payout/store.ts";
import type { FileRow } from "./csv.ts";
import {
  getBatch,
  newBatch,
  openForPayouts,
  type Proposed,
  proposeApproval,
  reserveConnection,
} from "./service.ts";
import { insertBatch } from "./store.ts";

export type CompanyBatch = {
  readonly connection: string;
  readonly rows: readonly FileRow[];
};

/** A refusal of the whole, naming the first wrong line. */
export function fileRefused(line: number, reason: string): Problem {
  return problem("payout_file_refused", { detail: `line ${line}: ${reason}`, members: { line, reason } });
}

/**
 * Makes the payouts with their holds and the batch in one transaction, and proposes it. The same rows again
 * give the same batch. Throws `invalid_request`, `payout_file_refused` (naming the line).
 */
export async function proposeCompanyBatch(
  deps: PayoutsDeps,
  actor: Actor,
  wanted: CompanyBatch,
): Promise<Proposed> {
  const connection = await reserveConnection(deps, wanted.connection);
  const batch =
    (await batchOfRows(deps, wanted, connection.currency)) ??
    (await makeBatch(deps, actor, wanted, connection));
  return { batch, approval: await proposeApproval(deps, actor, batch) };
}

/** The batch, or that of the same rows which somebody else made in the same moment. */
async function makeBatch(
  deps: PayoutsDeps,
  actor: Actor,
  wanted: CompanyBatch,
  connection: BankConnection,
): Promise<Batch> {
  try {
    return await writeBatch(deps, actor, wanted, connection);
  } catch (error) {
    const theirs = error instanceof NumberTaken ? await batchOfRows(deps, wanted, connection.currency) : null;
    if (theirs === null) throw error instanceof NumberTaken ? error.refusal : error;
    return theirs;
  }
}

/** A number of the file has a payout. */
class NumberTaken extends Error {
  readonly refusal: Problem;

  constructor(line: number) {
    super("payout_no has a payout already");
    this.refusal = fileRefused(line, this.message);
  }
}

async function writeBatch(
  deps: PayoutsDeps,
  actor: Actor,
  wanted: CompanyBatch,
  connection: BankConnection,
): Promise<Batch> {
  const made = await payoutsOf(deps, wanted.rows, connection.currency);
  await openForPayouts(deps, connection.currency);
  const batch = newBatch(deps, actor, connection, made);
  const payouts = made.map((payout): Payout => ({ ...payout, batchId: batch.id }));
  const lineOf = new Map(payouts.map(({ id }, index) => [id, (wanted.rows[index] as FileRow).line]));
  await deps.cell.transact(async (tx) => {
    const { duplicates, short } = await insertWithHolds(deps, tx, payouts, batch.createdAt);
    const first = payouts.find(({ id }) => duplicates.has(id) || short.has(id));
    if (first === undefined) return insertBatch(tx, batch);
    const line = lineOf.get(first.id) as number;
    const missing = short.get(first.id);
    if (missing === undefined) throw new NumberTaken(line);
    const { currency } = batch;
    const shown = formatDecimal({ amount: missing, currency });
    throw fileRefused(line, `the merchant's available balance is short of ${shown} ${currency}`);
  });
  return batch;
}

async function payoutsOf(deps: PayoutsDeps, rows: readonly FileRow[], currency: Currency): Promise<Payout[]> {
  const known = new Map<Id, Destination>();
  const payouts: Payout[] = [];
  for (const row of rows) {
    const destination = known.get(row.merchantId) ?? (await destinationOfRow(deps, row, currency));
    known.set(row.merchantId, destination);
    const wish = {
      number: row.payoutNo,
      request: requestOf(row, currency),
      settlementId: null,
      amount: row.amount,
      currency,
      remark: row.remark,
    };
    payouts.push(newPayout(deps, ownPayee(row.merchantId), wish, destination));
  }
  return payouts;
}

async function destinationOfRow(deps: PayoutsDeps, row: FileRow, currency: Currency): Promise<Destination> {
  const merchant = await deps.merchants.get(row.merchantId);
  if (merchant === null) throw fileRefused(row.line, "there is no such merchant");
  try {
    return await destinationOf(deps, merchant, currency);
  } catch (error) {
    if (error instanceof Problem) throw fileRefused(row.line, error.message);
    throw error;
  }
}

/**
 * As the merchant's own request would have been: the same number asked for again by API is the same payout.
 */
function requestOf(row: FileRow, currency: Currency): string {
  return canonical({
    merchant_payout_no: row.payoutNo,
    amount: Number(row.amount),
    currency,
    ...(row.remark === null ? {} : { remark: row.remark }),
  });
}

/** The batch that these very rows, and no others, made before. */
async function batchOfRows(deps: PayoutsDeps, { rows }: CompanyBatch, currency: Currency) {
  const [first] = rows;
  if (first === undefined) throw fileRefused(1, "no payout is named");
  const known = await payoutByNumber(deps.cell.db, first.merchantId, first.payoutNo);
  if (known === null || known.batchId === null) return null;
  for (const row of rows) {
    const payout = await payoutByNumber(deps.cell.db, row.merchantId, row.payoutNo);
    if (payout?.batchId !== known.batchId || payout.request !== requestOf(row, currency)) return null;
  }
  const batch = await getBatch(deps, known.batchId);
  if (batch.payouts !== rows.length) return null;
  if (batch.state === "proposed") return batch;
  throw problem("conflict", {
    detail: `these payouts are the batch ${formatId("pyb", batch.id)}, which is ${batch.state}`,
  });
}
