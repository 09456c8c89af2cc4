import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { SharingContract } from "../model.ts";

const CONTRACT = `channel_account_id, merchant_id, mode, max_millionths, term_days, is_open, revision,
  created_at, updated_at`;

const contractFind = sql(
  "sharing_contracts_by_account",
  `select ${CONTRACT} from sharing_contracts where channel_account_id = $1`,
);

export function findContract(db: Db, channelAccountId: Id): Promise<SharingContract | null> {
  return db.one<SharingContract>(contractFind, [channelAccountId]);
}

const contractWrite = sql(
  "sharing_contracts_write",
  `insert into sharing_contracts (${CONTRACT})
   values ($1, $2, $3, $4, $5, $6, 1, $7, $7)
   on conflict (channel_account_id) do update
   set max_millionths = excluded.max_millionths, term_days = excluded.term_days, is_open = excluded.is_open,
     revision = sharing_contracts.revision + 1, updated_at = excluded.updated_at
   where sharing_contracts.mode = excluded.mode`,
);

/** False: the account splits in the other mode, which never changes. */
export async function writeContract(
  tx: Tx,
  contract: Omit<SharingContract, "revision" | "createdAt">,
): Promise<boolean> {
  const { channelAccountId, merchantId, mode, maxMillionths, termDays, isOpen, updatedAt } = contract;
  const params = [channelAccountId, merchantId, mode, maxMillionths, termDays, isOpen, updatedAt];
  return (await tx.run(contractWrite, params)) === 1;
}
