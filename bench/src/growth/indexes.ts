/**
 * Indexes built once over everything cost a fifth of what keeping them costs row by row: while tables are
 * filled they are gone, unique constraints with them, and they come back under their own names.
 */
import type pg from "pg";

type Index = { readonly drop: string; readonly create: string };

const FOUND = `
  select c.conname as name, t.oid::regclass::text as owner, pg_get_constraintdef(c.oid) as definition,
    true as is_constraint
  from pg_constraint c
  join pg_class t on t.oid = c.conrelid
  where c.contype in ('p', 'u')
    and c.conrelid = any($1::regclass[])
  union all
  select i.indexrelid::regclass::text, t.oid::regclass::text, pg_get_indexdef(i.indexrelid), false
  from pg_index i
  join pg_class t on t.oid = i.indrelid
  where i.indrelid = any($1::regclass[])
    and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
  order by 4 desc, 2, 1`;

/** Nobody else may use the tables meanwhile. What `work` throws is thrown once the indexes are back. */
export async function withoutIndexes(
  client: pg.Client,
  tables: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const { rows } = await client.query(FOUND, [tables]);
  const indexes = rows.map(indexOf);
  for (const { drop } of indexes) await client.query(drop);
  try {
    await work();
  } finally {
    await client.query("set maintenance_work_mem = '512MB'");
    for (const { create } of indexes) await client.query(create);
  }
}

function indexOf(row: { name: string; owner: string; definition: string; is_constraint: boolean }): Index {
  const { name, owner, definition } = row;
  if (!row.is_constraint) return { drop: `drop index ${name}`, create: definition };
  return {
    drop: `alter table ${owner} drop constraint ${name}`,
    create: `alter table ${owner} add constraint ${name} ${definition}`,
  };
}
