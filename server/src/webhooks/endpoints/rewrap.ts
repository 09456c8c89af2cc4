/**
 * After the master key was replaced: every secret wrapped by the present one, so that the earlier can be
 * forgotten.
 */
import type { Keyring } from "../../kernel/crypto.ts";
import { type Database, sql } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { recordIdOf } from "./cache.ts";

const PAGE = 100;
const FIRST_ID: Id = "00000000-0000-0000-0000-000000000000";

type SealedRow = {
  readonly id: Id;
  readonly secretSealed: Buffer;
  readonly previousSecretSealed: Buffer | null;
};

const sealedPage = sql(
  "webhooks_sealed_page",
  `select id, secret_sealed, previous_secret_sealed
   from webhook_endpoints
   where id > $1
   order by id
   limit $2`,
);

// A secret that was rotated meanwhile is sealed by the present key already: the old bytes no longer match.
const reseal = sql(
  "webhooks_reseal",
  `update webhook_endpoints
   set secret_sealed = $2, previous_secret_sealed = $3
   where id = $1
     and secret_sealed = $4
     and previous_secret_sealed is not distinct from $5`,
);

/** Wraps anew what an earlier master key wrapped; gives how many endpoints. Safe to repeat. */
export async function rewrapSecrets(deps: {
  readonly platform: Database;
  readonly keyring: Keyring;
}): Promise<number> {
  const { platform, keyring } = deps;
  const fresh = (id: Id, sealed: Buffer) =>
    keyring.isStale(sealed) ? keyring.rewrap(recordIdOf(id), sealed) : Promise.resolve(sealed);
  let count = 0;
  let after = FIRST_ID;
  for (;;) {
    const rows = await platform.db.all<SealedRow>(sealedPage, [after, PAGE]);
    for (const row of rows) {
      const present = await fresh(row.id, row.secretSealed);
      const previous = row.previousSecretSealed && (await fresh(row.id, row.previousSecretSealed));
      if (present === row.secretSealed && previous === row.previousSecretSealed) continue;
      const values = [row.id, present, previous, row.secretSealed, row.previousSecretSealed];
      count += await platform.transact((tx) => tx.run(reseal, values), { repeatable: true });
    }
    const last = rows.at(-1);
    if (last === undefined) return count;
    after = last.id;
  }
}
