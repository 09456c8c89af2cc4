/** Creation, written for many: one statement for the payments, one for their first attempts. */
import { columnsOf, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { type UsedCode, useCodes } from "../attempt/codes.ts";
import { insertAttempts } from "../attempt/store.ts";
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
};

export type Created =
  | { readonly result: "created" }
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
  const withUsedCodes = await refuseUsedCodes(tx, wanted, written);
  await insertAttempts(
    tx,
    wanted.flatMap((item) => (item.attempt !== null && written.has(item.payment.id) ? [item.attempt] : [])),
  );
  const beaten = wanted
    .filter(({ payment }) => !written.has(payment.id) && !withUsedCodes.has(payment.id))
    .map((item) => item.payment);
  const known = new Map<string, Payment>();
  if (beaten.length > 0) {
    for (const payment of await paymentsByNumber(tx, beaten)) known.set(numberOf(payment), payment);
  }
  return wanted.map(({ payment }) => {
    if (withUsedCodes.has(payment.id)) return { result: "code_used" };
    if (written.has(payment.id)) return { result: "created" };
    return compare(payment, known.get(numberOf(payment)));
  });
}

const unwriteSql = sql("payments_unwrite", "delete from payments where id = any($1::uuid[])");

/** Takes those back out of what was written whose payment code was used before; gives their ids. */
async function refuseUsedCodes(
  tx: Tx,
  wanted: readonly NewPayment[],
  written: Set<Id>,
): Promise<ReadonlySet<Id>> {
  const paying = wanted.filter(({ payment, code }) => code !== null && written.has(payment.id));
  const [first] = paying;
  if (first === undefined) return new Set();
  const codes = paying.flatMap(({ code }) => (code === null ? [] : [code]));
  const mayUse = await useCodes(tx, codes, first.payment.createdAt);
  const refused = paying
    .filter(({ code }) => code !== null && !mayUse.has(code.attemptId))
    .map(({ payment }) => payment.id);
  if (refused.length > 0) await tx.run(unwriteSql, [refused]);
  for (const id of refused) written.delete(id);
  return new Set(refused);
}

function compare(payment: Payment, present: Payment | undefined): Created {
  if (present === undefined) throw new Error(`the payment with the number of ${payment.id} vanished`);
  // This very batch, run again after a lost connection.
  if (present.id === payment.id) return { result: "created" };
  if (present.request === payment.request) return { result: "existing", payment: present };
  return {
    result: "number_reused",
    payment: present,
    fields: differingFields(present.request, payment.request),
  };
}

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
