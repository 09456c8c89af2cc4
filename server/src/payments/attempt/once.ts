/**
 * A new attempt has no number of the merchant's. What makes a repeated wish for one the same wish is its
 * Idempotency-Key, the name that a page of ours gives it or, without either, the payment code, which is good
 * for one payment: asked for again, it must not end the attempt that the first wish made.
 */
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Keyring } from "../../kernel/crypto.ts";
import { type Cell, type Db, sql, type Tx } from "../../kernel/database.ts";
import { ERRORS, Problem, problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Attempt } from "../model.ts";
import { canonical, differingFields } from "../payment/request.ts";
import type { AttemptWish } from "./prepare.ts";
import { attemptById } from "./store.ts";

export type OnceDeps = { readonly cell: Cell; readonly keyring: Pick<Keyring, "mac"> };

/**
 * What a wish is told from others by; `own` is given by a page of ours, and no merchant's key is taken for
 * it.
 */
export type WishName = { readonly idempotencyKey: string } | { readonly own: string };

/** A wish that can be told from others, and the attempt that it makes. */
export type NamedWish = {
  readonly paymentId: Id;
  readonly key: string;
  readonly request: string;
  readonly attemptId: Id;
  readonly claimedAt: Date;
};

/** `mine`: this call makes the attempt; otherwise another call made it, makes it, or died with it. */
export type Claim = NamedWish & { readonly mine: boolean };

/** After this a call that claimed a wish and made no attempt of it has died. */
const CLAIM_MS = 30 * SECOND;

/** The wish by its name; null: nothing names it, so that each call makes an attempt. */
export function nameWish(
  deps: OnceDeps,
  paymentId: Id,
  wish: AttemptWish,
  name: WishName | null,
): NamedWish | null {
  const { method, buyer, buyerIp, paymentCode } = wish;
  // A buyer's computer and phone wish the same from different addresses.
  const isOwn = name !== null && "own" in name;
  const address = buyerIp === null || isOwn ? {} : { buyer_ip: buyerIp };
  const code =
    paymentCode === null ? null : deps.keyring.mac("payment_code", paymentCode).toString("base64url");
  if (name === null && code === null) return null;
  return {
    paymentId,
    key: name === null ? `code ${code}` : keyOf(name),
    request: canonical(name === null ? {} : { method, buyer, ...address, payment_code: code }),
    attemptId: deps.cell.newId(),
    claimedAt: deps.cell.clock.now(),
  };
}

function keyOf(name: WishName): string {
  return "own" in name ? `own ${name.own}` : `key ${name.idempotencyKey}`;
}

/** The attempt that a wish makes or has made; null: nobody has wished so. */
export async function attemptWished(
  deps: Pick<OnceDeps, "cell">,
  paymentId: Id,
  name: WishName,
): Promise<Id | null> {
  return (await findRequest(deps.cell.db, { paymentId, key: keyOf(name) }))?.attemptId ?? null;
}

/** From now on the wish is for this attempt, unless somebody wished so before. */
export async function nameAttempt(
  { cell }: Pick<OnceDeps, "cell">,
  attempt: Attempt,
  name: WishName,
): Promise<void> {
  const { id: attemptId, paymentId, method, buyer } = attempt;
  const request = canonical({ method, buyer, payment_code: null });
  const wish = { paymentId, key: keyOf(name), request, attemptId, claimedAt: cell.clock.now() };
  await cell.transact((tx) => insertRequest(tx, wish), { repeatable: true });
}

/** Claims a wish for this call. Throws `idempotency_key_reused`, naming the fields. */
export async function claimWish(deps: OnceDeps, wish: NamedWish): Promise<Claim> {
  const { cell } = deps;
  const inserted = await cell.transact((tx) => insertRequest(tx, wish), { repeatable: true });
  const known = inserted ? wish : await findRequest(cell.db, wish);
  // Given up in between by whoever had claimed it.
  if (known === null) throw problem("payment_confirming", { retryAfterSeconds: 1 });
  if (known.attemptId === wish.attemptId) return { ...wish, mine: true };
  const fields = differingFields(known.request, wish.request);
  if (fields.length > 0) {
    throw problem("idempotency_key_reused", { field: fields[0] as string, members: { fields } });
  }
  const isDead = plus(known.claimedAt, CLAIM_MS) <= wish.claimedAt;
  if (!isDead || (await attemptById(cell.db, known.attemptId)) !== null) return { ...known, mine: false };
  const mine = await cell.transact((tx) => takeOver(tx, known, wish.claimedAt));
  return { ...known, mine };
}

/** A wish that was refused may be asked again; one whose end is not known stays claimed. */
export async function giveUpWish(deps: OnceDeps, claim: Claim, error: unknown): Promise<void> {
  const refused = error instanceof Problem && ERRORS[error.code].status < 500;
  if (refused) await deps.cell.transact((tx) => deleteRequest(tx, claim), { repeatable: true });
}

const insertSql = sql(
  "attempt_request_insert",
  `insert into attempt_requests (payment_id, key, request, attempt_id, claimed_at)
   values ($1, $2, $3, $4, $5)
   on conflict on constraint attempt_requests_pkey do nothing`,
);

async function insertRequest(tx: Tx, wish: NamedWish): Promise<boolean> {
  const { paymentId, key, request, attemptId, claimedAt } = wish;
  return (await tx.run(insertSql, [paymentId, key, request, attemptId, claimedAt])) === 1;
}

const findSql = sql(
  "attempt_request_find",
  `select payment_id, key, request, attempt_id, claimed_at
   from attempt_requests
   where payment_id = $1
     and key = $2`,
);

function findRequest(
  db: Db,
  { paymentId, key }: Pick<NamedWish, "paymentId" | "key">,
): Promise<NamedWish | null> {
  return db.one<NamedWish>(findSql, [paymentId, key]);
}

const takeOverSql = sql(
  "attempt_request_take_over",
  `update attempt_requests
   set claimed_at = $4
   where payment_id = $1
     and key = $2
     and claimed_at = $3`,
);

async function takeOver(tx: Tx, { paymentId, key, claimedAt }: NamedWish, at: Date): Promise<boolean> {
  return (await tx.run(takeOverSql, [paymentId, key, claimedAt, at])) === 1;
}

const deleteSql = sql(
  "attempt_request_delete",
  `delete from attempt_requests
   where payment_id = $1
     and key = $2
     and attempt_id = $3`,
);

async function deleteRequest(tx: Tx, { paymentId, key, attemptId }: NamedWish): Promise<void> {
  await tx.run(deleteSql, [paymentId, key, attemptId]);
}
