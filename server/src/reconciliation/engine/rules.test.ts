import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BREAK_KINDS } from "../model.ts";
import { PRECEDENCE, rules } from "./rules.ts";

/**
 * What DuckDB, PostgreSQL and Spark SQL call alike; the words before a parenthesis that are no functions too.
 */
const SHARED = new Set([
  ..."abs cast coalesce concat count max min row_number sum".split(" "),
  ..."and as by case else from in join on or over then when".split(" "),
]);

test("the rules keep to what DuckDB, PostgreSQL and Spark share", () => {
  const statements = rules();
  assert.ok(statements.length > 20);
  for (const statement of statements) {
    const code = statement.replaceAll(/'[^']*'/g, "''");
    assert.doesNotMatch(code, /\/|::|\[|\]|\{|\bqualify\b|\bexclude\b|\blateral\b|\bfilter\b/, statement);
    for (const [, name = ""] of code.matchAll(/\b([a-z_]+)\s*\(/g)) {
      assert.ok(SHARED.has(name), `${name} in: ${statement}`);
    }
  }
});

test("the table of precedence in the documentation is the one that the rules are written by", () => {
  const page = readFileSync(new URL("../../../../docs/reconciliation.md", import.meta.url), "utf8");
  const table = [...page.matchAll(/^\| \d+ \| `…?_?([a-z_]+)` \|/gm)].map(([, kind]) => kind);
  assert.deepEqual(table, [...PRECEDENCE]);
  for (const kind of BREAK_KINDS) {
    assert.ok(
      PRECEDENCE.some((one) => kind === one || kind.endsWith(`_${one}`)),
      kind,
    );
  }
});
