/** Creation, written for many: one statement for the payments, one for their first attempts. */
import { columnsOf, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { type AttemptChoice, openChoosing } from "../attempt/choices.ts";
import { freeCodes, type UsedCode, useCodes } from "../attempt/codes.ts";
import { attemptsOfPayments, insertAttempts } from "../attempt/store.ts";
import type { Attempt, Payment } from "../model.ts";
import { PAYMENT_COLUMNS } from "../rows.ts";
import { differingFields } from "./request.ts";

/**
 * A payment to be written, with its first attempt when the method is known. Their ids are fixed beforehand.
 */
export type NewPayment = {
  readonly payment: Payment;
  readonly attempt: Attempt | null;
  /** The payment code that the attempt is paid with. */
  readonly code: UsedCode | null;
  /** The same attempt by account, the best first, where quotas decide which. */
  readonly choices?: readonly AttemptChoice[];
};

export type Created =
  /** With its attempt as it was written. */
  | { readonly result: "created"; readonly attempt: Attempt | null }
  /** The quotas of no account have room for it: nothing was written. */
  | { readonly result: "no_account_available" }
  /** The number was used before with the same request; the payment as it now is. */
  | { readonly result: "existing"; readonly payment: Payment }
  /** The number was used before with another request, which differs in these fields. */
  | { readonly result: "number_reused"; readonly payment: Payment; readonly fields: readonly string[] }
  /** Its payment code was used a moment ago; nothing is written. */
  | { readonly result: "code_used" };

const insertPaymentsSql = sql(
  "payments_insert",
  `insert into payments (${PAYMENT_COLUMNS})
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::uuid[],
     $9::uuid[],
     $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[],
     $16::timestamptz[], $17::timestamptz[], $18::timestamptz[]
   )
   on conflict on constraint payments_order_no do nothing
   returning id`,
);

const PAYMENT_KEYS: readonly (keyof Payment)[] = [
  "id",
  "merchantId",
  "merchantOrderNo",
  "amount",
  "currency",
  "method",
  "status",
  "liveAttemptId",
  "successAttemptId",
  "closingSince",
  "closingFor",
  "closedReason",
  "request",
  "expiresAt",
  "watchedUntil",
  "dueAt",
  "createdAt",
  "finishedAt",
];

const paymentsByNumberSql = sql(
  "payments_by_number",
  `select ${PAYMENT_COLUMNS}
   from payments
   where (merchant_id, merchant_order_no) in (select * from unnest($1::uuid[], $2::text[]))
   order by id`,
);

/**
 * Writes payments in the order of their numbers, so that two batches with the same numbers wait for each
 * other instead of deadlocking; whoever comes second reads the first one's row in a next statement.
 */
export async function createPayments(tx: Tx, wanted: readonly NewPayment[]): Promise<readonly Created[]> {
  const sorted = [...wanted].sort((a, b) => (numberOf(a.payment) < numberOf(b.payment) ? -1 : 1));
  const rows = await tx.all<{ id: Id }>(
    insertPaymentsSql,
    columnsOf(
      sorted.map((item) => item.payment),
      PAYMENT_KEYS,
    ),
  );
  const written = new Set(rows.map((row) => row.id));
  const mine = wanted.filter((item) => written.has(item.payment.id));
  const refused = await refuseUsedCodes(tx, mine);
  const taking = mine.filter(({ payment }) => !refused.has(payment.id));
  const attempts = await chooseAttempts(tx, taking);
  for (const { payment } of taking) {
    if (!attempts.has(payment.id)) refused.set(payment.id, "no_account_available");
  }
  await insertAttempts(
    tx,
    [...attempts.values()].flatMap((attempt) => (attempt === null ? [] : [attempt])),
  );
  const beaten = wanted.filter((item) => !written.has(item.payment.id)).map((item) => item.payment);
  const known = new Map<string, Payment>();
  if (beaten.length > 0) {
    for (const payment of await paymentsByNumber(tx, beaten)) known.set(numberOf(payment), payment);
  }
  await unwrite(
    tx,
    mine.filter(({ payment }) => refused.has(payment.id)),
  );
  const repeated = await writtenBefore(tx, wanted, known);
  return wanted.map(({ payment, attempt }) => {
    const present = known.get(numberOf(payment));
    // One that was beaten by a payment of this batch that is refused is refused with it.
    const refusal = refused.get(payment.id) ?? (present === undefined ? undefined : refused.get(present.id));
    if (refusal !== undefined) return { result: refusal };
    if (written.has(payment.id)) return { result: "created", attempt: attempts.get(payment.id) ?? null };
    return compare(payment, present, repeated.get(payment.id) ?? attempt);
  });
}

/**
 * The attempt of each new payment, through the account whose quotas have room; none for those that have none.
 */
async function chooseAttempts(tx: Tx, wanted: readonly NewPayment[]): Promise<Map<Id, Attempt | null>> {
  const limited = wanted.filter(hasChoices);
  const attempts = new Map(wanted.map(({ payment, attempt }) => [payment.id, attempt]));
  if (limited.length === 0) return attempts;
  const choosing = await openChoosing(
    tx,
    limited.map(({ choices }) => choices),
  );
  for (const { payment, choices } of limited) {
    const attempt = choosing.take(choices);
    if (attempt === null) attempts.delete(payment.id);
    else attempts.set(payment.id, attempt);
  }
  await choosing.write();
  return attempts;
}

function hasChoices(item: NewPayment): item is NewPayment & { readonly choices: readonly AttemptChoice[] } {
  return item.choices !== undefined;
}

/** Of a batch that runs again after a lost connection: which account it chose is in its rows. */
async function writtenBefore(
  tx: Tx,
  wanted: readonly NewPayment[],
  known: ReadonlyMap<string, Payment>,
): Promise<Map<Id, Attempt>> {
  const ids = wanted
    .filter((item) => hasChoices(item) && known.get(numberOf(item.payment))?.id === item.payment.id)
    .map(({ payment }) => payment.id);
  const attempts = ids.length === 0 ? [] : await attemptsOfPayments(tx, ids);
  return new Map(attempts.map((attempt) => [attempt.paymentId, attempt]));
}

/** New payments whose payment code was used before. */
async function refuseUsedCodes(tx: Tx, mine: readonly NewPayment[]): Promise<Map<Id, Refusal>> {
  const refused = new Map<Id, Refusal>();
  const codes = codesOf(mine);
  const [first] = mine;
  if (codes.length === 0 || first === undefined) return refused;
  const mayUse = await useCodes(tx, codes, first.payment.createdAt);
  for (const { payment, code } of mine) {
    if (code !== null && !mayUse.has(code.attemptId)) refused.set(payment.id, "code_used");
  }
  return refused;
}

function codesOf(items: readonly NewPayment[]): readonly UsedCode[] {
  return items.flatMap(({ code }) => (code === null ? [] : [code]));
}

const unwriteSql = sql("payments_unwrite", "delete from payments where id = any($1::uuid[])");

/** Payments of this very transaction that are refused: their numbers and codes are as free as before. */
async function unwrite(tx: Tx, refused: readonly NewPayment[]): Promise<void> {
  if (refused.length === 0) return;
  await tx.run(unwriteSql, [refused.map(({ payment }) => payment.id)]);
  await freeCodes(tx, codesOf(refused));
}

function compare(payment: Payment, present: Payment | undefined, attempt: Attempt | null): Created {
  if (present === undefined) throw new Error(`the payment with the number of ${payment.id} vanished`);
  // This very batch, run again after a lost connection.
  if (present.id === payment.id) return { result: "created", attempt };
  if (present.request === payment.request) return { result: "existing", payment: present };
  return {
    result: "number_reused",
    payment: present,
    fields: differingFields(present.request, payment.request),
  };
}

type Refusal = "code_used" | "no_account_available";

/** Payments by their merchants' numbers. */
export function paymentsByNumber(
  tx: Pick<Tx, "all">,
  numbers: readonly Pick<Payment, "merchantId" | "merchantOrderNo">[],
): Promise<Payment[]> {
  return tx.all<Payment>(paymentsByNumberSql, columnsOf(numbers, ["merchantId", "merchantOrderNo"]));
}

function numberOf(payment: Pick<Payment, "merchantId" | "merchantOrderNo">): string {
  return `${payment.merchantId}/${payment.merchantOrderNo}`;
}
