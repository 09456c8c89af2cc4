/**
 * Payment codes are good for one order, whatever comes of it: a till that scans the same digits again for
 * another order takes money for goods that somebody else carried away, or is refused by the wallet. Only a
 * keyed hash is kept, and only for the minutes in which the digits can come again.
 */
import { MINUTE, plus } from "../../kernel/clock.ts";
import type { Keyring } from "../../kernel/crypto.ts";
import { type Cell, columnsOf, sql, type Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Job } from "../../kernel/schedules.ts";
import type { Attempt } from "../model.ts";

/** A code as it is remembered, and the attempt that it was scanned for. */
export type UsedCode = {
  readonly channel: string;
  readonly codeHash: Buffer;
  readonly attemptId: Id;
};

/**
 * Wallets take a code for a minute or two: after ten no order could be paid by the same digits, and none is
 * known to give them to another buyer within the hour.
 */
const REMEMBERED_MS = 10 * MINUTE;
const EVERY_HOUR = "17 * * * *";
const FORGOTTEN_AT_ONCE = 5_000;

/** The code of an attempt; null where it is paid without one. */
export function usedCode(
  keyring: Pick<Keyring, "mac">,
  attempt: Pick<Attempt, "id" | "channel">,
  paymentCode: string | null,
): UsedCode | null {
  if (paymentCode === null) return null;
  return {
    channel: attempt.channel,
    codeHash: keyring.mac("payment_code", paymentCode),
    attemptId: attempt.id,
  };
}

// The row of an attempt that claimed the code before, or one that is long over, gives way.
const useSql = sql(
  "used_payment_codes_use",
  `insert into used_payment_codes (channel, code_hash, attempt_id, used_at)
   select u.channel, u.code_hash, u.attempt_id, $4
   from unnest($1::text[], $2::bytea[], $3::uuid[]) as u (channel, code_hash, attempt_id)
   on conflict on constraint used_payment_codes_pkey do update
   set attempt_id = excluded.attempt_id, used_at = excluded.used_at
   where used_payment_codes.used_at <= $5
     or used_payment_codes.attempt_id = excluded.attempt_id
   returning attempt_id`,
);

/**
 * Marks codes as used, in the order of their hashes so that two batches wait for each other: the attempts
 * that may use theirs. The others' codes were used a moment ago, by this batch or another.
 */
export async function useCodes(tx: Tx, codes: readonly UsedCode[], now: Date): Promise<ReadonlySet<Id>> {
  if (codes.length === 0) return new Set();
  const first = new Map<string, UsedCode>();
  for (const code of codes) {
    const key = `${code.channel} ${code.codeHash.toString("hex")}`;
    if (!first.has(key)) first.set(key, code);
  }
  const sorted = [...first].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, code]) => code);
  const columns = columnsOf(sorted, ["channel", "codeHash", "attemptId"]);
  const rows = await tx.all<{ attemptId: Id }>(useSql, [...columns, now, plus(now, -REMEMBERED_MS)]);
  return new Set(rows.map((row) => row.attemptId));
}

/** Marks the code of one attempt as used. Throws `payment_code_used`. */
export async function useCode(cell: Cell, code: UsedCode): Promise<void> {
  const now = cell.clock.now();
  const used = await cell.transact((tx) => useCodes(tx, [code], now), { repeatable: true });
  if (!used.has(code.attemptId)) throw problem("payment_code_used", { field: "payment_code" });
}

const freeSql = sql(
  "used_payment_codes_free",
  `delete from used_payment_codes c
   using unnest($1::text[], $2::bytea[], $3::uuid[]) as u (channel, code_hash, attempt_id)
   where c.channel = u.channel
     and c.code_hash = u.code_hash
     and c.attempt_id = u.attempt_id`,
);

/**
 * Attempts that were refused before their codes reached the channel: those are as good as before. A code that
 * another attempt used stays used.
 */
export async function freeCodes(tx: Tx, codes: readonly UsedCode[]): Promise<void> {
  if (codes.length > 0) await tx.run(freeSql, columnsOf(codes, ["channel", "codeHash", "attemptId"]));
}

const forgetSql = sql(
  "used_payment_codes_forget",
  `delete from used_payment_codes
   where (channel, code_hash) in (
     select channel, code_hash
     from used_payment_codes
     where used_at <= $1
     order by used_at
     limit $2
     for update skip locked
   )`,
);

/** Forgets the codes that can no longer come again. */
export function forgetUsedCodes(cell: Cell): Job {
  return {
    name: "used payment codes",
    cron: EVERY_HOUR,
    run: async (goOn) => {
      const before = plus(cell.clock.now(), -REMEMBERED_MS);
      for (;;) {
        const gone = await cell.transact((tx) => tx.run(forgetSql, [before, FORGOTTEN_AT_ONCE]), {
          repeatable: true,
        });
        if (gone < FORGOTTEN_AT_ONCE) return;
        await goOn();
      }
    },
  };
}
