import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";

/** Who is owed parts of fees, as schedules name the party, by its registered name. */
export type Partner = {
  readonly id: Id;
  readonly party: string;
  readonly legalName: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

const COLUMNS = "id, party, legal_name, created_at, updated_at";

const byIdSql = sql("partner_by_id", `select ${COLUMNS} from partners where id = $1`);

export function partnerById(db: Db, id: Id): Promise<Partner | null> {
  return db.one<Partner>(byIdSql, [id]);
}

const byIdsSql = sql(
  "partners_by_ids",
  `select ${COLUMNS}
   from partners
   where id = any($1::uuid[])
   order by id`,
);

export function partnersByIds(db: Db, ids: readonly Id[]): Promise<Partner[]> {
  return db.all<Partner>(byIdsSql, [ids]);
}

const byPartiesSql = sql(
  "partners_by_parties",
  `select ${COLUMNS}
   from partners
   where party = any($1::text[])
   order by party`,
);

export function partnersByParties(db: Db, parties: readonly string[]): Promise<Partner[]> {
  return db.all<Partner>(byPartiesSql, [parties]);
}

const listSql = sql(
  "partners_list",
  `select ${COLUMNS}
   from partners
   where $1::text is null or party > $1
   order by party
   limit $2`,
);

/** By party, from the one after `after`. */
export function listPartners(db: Db, after: string | null, limit: number): Promise<Partner[]> {
  return db.all<Partner>(listSql, [after, limit]);
}

const setSql = sql(
  "partner_set",
  `insert into partners (${COLUMNS})
   values ($1, $2, $3, $4, $4)
   on conflict on constraint partners_party do update
   set legal_name = excluded.legal_name, updated_at = excluded.updated_at`,
);

/** Gives a party its registered name; its id stays. */
export async function setPartner(
  tx: Tx,
  partner: Pick<Partner, "id" | "party" | "legalName">,
  at: Date,
): Promise<void> {
  await tx.run(setSql, [partner.id, partner.party, partner.legalName, at]);
}
