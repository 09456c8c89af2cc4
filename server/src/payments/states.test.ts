import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { ATTEMPT, type ColumnRule, DISPUTE, type Machine, namesOf, PAYMENT, REFUND } from "./states.ts";

let database: TestDatabase;
let client: pg.Client;

before(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("set search_path to cell_0");
});

after(async () => {
  await client.end();
  await database.drop();
});

function listOf(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ");
}

function isIn(column: string, names: readonly string[]): string {
  return names.length === 1 ? `${column} = ${listOf(names)}` : `${column} in (${listOf(names)})`;
}

function checkOf(rule: ColumnRule<string>, state: string): string {
  if ("opposite" in rule) return `(${rule.column} is null) = (${rule.opposite} is not null)`;
  if ("setExactlyIn" in rule) return `(${isIn(state, rule.setExactlyIn)}) = (${rule.column} is not null)`;
  return `${state} not in (${listOf(rule.setAtLeastIn)}) or ${rule.column} is not null`;
}

/** The constraints that the table asks for, in SQL. */
function constraintsOf(machine: Machine<string>): { name: string; check: string }[] {
  return [
    { name: machine.constraint, check: isIn(machine.column, namesOf(machine)) },
    ...machine.columns.map((rule) => ({ name: rule.constraint, check: checkOf(rule, machine.column) })),
  ];
}

async function definitions(table: string): Promise<Map<string, string>> {
  const found = await client.query<{ conname: string; definition: string }>(
    `select conname, pg_get_constraintdef(oid) as definition
     from pg_constraint
     where conrelid = $1::regclass`,
    [table],
  );
  return new Map(found.rows.map(({ conname, definition }) => [conname, definition]));
}

for (const machine of [PAYMENT, ATTEMPT, REFUND, DISPUTE] as Machine<string>[]) {
  test(`the database holds ${machine.table} to the columns and states of the table`, async () => {
    const made = `table_of_${machine.table}`;
    await client.query(`create temp table ${made} (like ${machine.table})`);
    for (const { name, check } of constraintsOf(machine)) {
      await client.query(`alter table ${made} add constraint ${name} check (${check})`);
    }
    const wanted = await definitions(`pg_temp.${made}`);
    const present = await definitions(machine.table);
    for (const { name } of constraintsOf(machine)) assert.equal(present.get(name), wanted.get(name), name);
  });
}
