import assert from "node:assert/strict";
import { test } from "node:test";
import { arrows } from "./arrows.ts";
import { deadFiles, fileNames, holesInLock } from "./files.ts";
import * as shape from "./shape.ts";
import { parse, type Source, unreadable } from "./source.ts";
import { sqlTimeAndChance, timeAndChance } from "./time-and-chance.ts";
import type { File, Finding } from "./tree.ts";
import { wrapComments } from "./wrap-comments.ts";

type Case = { title: string; path: string; text: string };

/** Shows of one rule what it finds and what it lets be: a rule that never fails keeps nothing tidy. */
function shows(name: string, rule: (source: Source) => Finding[], breaks: Case[], keeps: Case[]): void {
  const find = ({ path, text }: Case) =>
    rule(path.endsWith(".ts") ? parse({ path, text }) : (file(path, text) as Source));
  for (const one of breaks) {
    test(`${name} finds: ${one.title}`, () => assert.equal(find(one).length, 1, JSON.stringify(find(one))));
  }
  for (const one of keeps) {
    test(`${name} lets be: ${one.title}`, () => assert.deepEqual(find(one), []));
  }
}

const file = (path: string, text: string): File => ({ path, text });
const at = (path: string) => (text: string, title: string) => ({ title, path, text });

const fees = at("server/src/fees/service.ts");
shows(
  "the order of rooms",
  arrows,
  [
    fees('import { pay } from "../payments/index.ts";', "a room above"),
    fees('import { send } from "../webhooks/index.ts";', "a room beside"),
    fees('export * from "../payments/index.ts";', "a re-export"),
    fees('const late = await import("../payments/index.ts");', "an import at run time"),
    fees('type Late = import("../payments/index.ts").Payment;', "an import of a type"),
    fees('import { post } from "../ledger/store.ts";', "a way past an index"),
    fees('import { readConfig } from "../config.ts";', "the settings, from a room"),
    fees('import { pay } from "@tributary/sandbox";', "the sandbox, from a room"),
    fees('import { x } from "../unheard-of/index.ts";', "a room that has no place"),
    {
      title: "the server, from the sandbox",
      path: "sandbox/src/a.ts",
      text: 'import { x } from "../../server/src/main.ts";',
    },
    {
      title: "the server, from the sandbox's tests",
      path: "sandbox/src/a.test.ts",
      text: 'import { x } from "../../server/src/kernel/money.ts";',
    },
    {
      title: "the server, from the demo",
      path: "demo/src/main.ts",
      text: 'import { x } from "../../server/src/main.ts";',
    },
  ],
  [
    fees('import { post } from "../ledger/index.ts";', "a room below"),
    fees('import { sql } from "../kernel/database.ts";', "any file of the kernel"),
    fees('import { decide } from "./model.ts";', "the room itself"),
    {
      title: "a program that another one starts",
      path: "demo/src/platform.ts",
      text: 'const program = new URL("../../server/src/main.ts", import.meta.url);',
    },
    fees('// import { pay } from "../payments/index.ts";', "a comment"),
    {
      title: "the sandbox, from main.ts",
      path: "server/src/main.ts",
      text: 'await import("@tributary/sandbox");',
    },
    {
      title: "a program that starts the house",
      path: "server/src/operations/audit-cli.ts",
      text: 'import "../config.ts";',
    },
    {
      title: "a test that needs a room above",
      path: "server/src/fees/a.test.ts",
      text: 'import "../payments/index.ts";',
    },
  ],
);

shows(
  "time and chance",
  timeAndChance,
  [
    fees("const at = Date.now();", "the present"),
    fees("const at = new Date();", "the present as a Date"),
    fees("const dice = Math.random();", "chance"),
    fees('const dice = Math["random"]();', "chance by another spelling"),
    fees("globalThis.setTimeout(() => {}, 5);", "a timer"),
    fees("const signal = AbortSignal.timeout(5);", "a timer in disguise"),
    fees('import { setTimeout as sleep } from "node:timers/promises";', "an imported timer"),
    fees('import { createHash, randomBytes } from "node:crypto";', "imported chance"),
    at("sandbox/src/alipay/machine.ts")("const at = Date.now();", "the sandbox outside its clock"),
  ],
  [
    fees("const at = new Date(row.at);", "an instant that came from somewhere"),
    fees('import { createHash } from "node:crypto";', "a hash"),
    fees('const text = "Date.now()"; // Date.now()', "text and comments"),
    at("server/src/kernel/clock.ts")("const at = Date.now();", "the kernel"),
    at("sandbox/src/clock.ts")("const at = Date.now();", "the sandbox's clock"),
    at("server/src/fees/a.test.ts")("const at = Date.now();", "a test"),
  ],
);

shows(
  "time and chance in SQL",
  sqlTimeAndChance,
  [
    at("server/migrations/cell/1-a.sql")("create table a (at timestamptz default now());", "a default"),
    at("server/migrations/cell/1-a.sql")("select current_timestamp;", "the standard's word"),
    fees('const s = sql("a", `update a set at = clock_timestamp()`);', "a statement"),
    fees('const s = sql("a", "insert into a values (gen_random_uuid())");', "an id from the database"),
  ],
  [
    at("server/migrations/cell/1-a.sql")("-- never now()\nselect 1;", "a comment"),
    fees('const s = sql("a", "select a from b where at < $1");', "a parameter"),
    fees("const script = `set(Date.now())`;", "a page's script"),
  ],
);

shows(
  "default exports",
  shape.defaultExports,
  [fees("export default 1;", "a value"), fees("const a = 1;\nexport { a as default };", "a renamed one")],
  [fees("export const a = 1;", "a name")],
);

shows(
  "the environment",
  shape.environment,
  [
    fees("const port = process.env.PORT;", "a variable"),
    fees('const port = process["env"]["PORT"];', "another spelling"),
    fees("const { env } = process;", "taken out whole"),
    fees('import { env } from "node:process";', "imported"),
  ],
  [
    at("server/src/config.ts")("const port = process.env.PORT;", "config.ts"),
    at("demo/src/main.ts")("const port = process.env.PORT;", "a program outside the server"),
    at("server/src/fees/a.test.ts")("const port = process.env.PORT;", "a test"),
  ],
);

shows(
  "money as a number",
  shape.moneyAsNumber,
  [
    fees("type A = { amount: number };", "a field"),
    fees("type A = { feeTotal?: number | null };", "a field that may be absent"),
    fees("const f = (amountRefunded: number) => 1;", "a parameter"),
    fees("let balance_after: number;", "a variable"),
  ],
  [
    fees("type A = { amount: bigint };", "bigint"),
    fees("type A = { feeMillionths: number; amountCount: number };", "a rate and a count"),
    at("sdk/src/index.ts")("type A = { amount: number };", "JSON, in the client"),
  ],
);

shows(
  "long functions",
  shape.longFunctions,
  [fees(`function f() {\n${"  g();\n".repeat(60)}}`, "one of 62 lines")],
  [
    fees(`function f() {\n${"  g();\n".repeat(50)}}`, "one of 52 lines"),
    fees(
      `function f() {\n${`  const h = () => {\n${"    g();\n".repeat(30)}  };\n`.repeat(3)}}`,
      "what stands inside counts for itself",
    ),
  ],
);

const longFile = "const a = 1;\n".repeat(401);
shows(
  "long files",
  shape.longFiles,
  [fees(longFile, "401 lines")],
  [at("server/src/a.test.ts")(longFile, "a test")],
);
shows(
  "long lines",
  shape.longLines,
  [fees(`// ${"x".repeat(108)}`, "111")],
  [fees(`// ${"x".repeat(107)}`, "110")],
);

// Joined here, so that this file keeps the rules that it tests.
const later = ["TO", "DO"].join("");
shows(
  "banned words",
  shape.bannedWords,
  [fees(`// ${later}: later`, "a comment")],
  [fees("const todo = 1;", "a name")],
);
const ignore = ["@ts", "ignore"].join("-");
shows(
  "silenced rules",
  shape.silencedRules,
  [fees(`// ${ignore}`, "a comment")],
  [fees("const a = 1;", "code")],
);

const spec = at("server/src/a.test.ts");
shows(
  "tests that do not run",
  shape.skippedTests,
  [
    spec('test.skip("a", () => {});', "skip"),
    spec('describe.only("a", () => {});', "only"),
    spec('test("a", { skip: true }, () => {});', "an option"),
    spec('test("a", (t) => t.skip());', "from inside"),
  ],
  [spec('test("a", { timeout: 5 }, () => {});', "another option"), spec("list.skip(3);", "another skip")],
);

shows(
  "unreadable files",
  unreadable,
  [fees("const = 1;", "a mistake in the syntax")],
  [fees("const a = 1;", "code")],
);

test("file names: kebab-case, and the pages that every repository has", () => {
  const names = ["server/src/dayClose.ts", "server/src/day_close.ts", "Docs/a.md", "docs/ReadMe.md"];
  assert.equal(names.flatMap((path) => fileNames(file(path, ""))).length, names.length);
  for (const path of [
    "README.md",
    "LICENSE",
    "web/a/day-close.test.ts",
    "server/migrations/cell/010-a.sql",
  ]) {
    assert.deepEqual(fileNames(file(path, "")), []);
  }
});

test("dead files: what only its own test reaches is dead, what programs reach lives", () => {
  const sources = Object.entries({
    "server/src/main.ts": 'import "./used.ts";',
    "server/src/used.ts": 'new Worker(new URL("./worker.ts", import.meta.url));',
    "server/src/worker.ts": "",
    "server/src/dead.ts": 'import "./dead-too.ts";',
    "server/src/dead-too.ts": "",
    "server/src/dead.test.ts": 'import "./dead.ts";import "./testing/helper.ts";',
    "server/src/testing/helper.ts": 'import "../dead-too.ts";',
    "sdk/src/index.ts": "",
    "tools/testing/setup.ts": "",
  }).map(([path, text]) => parse({ path, text }));
  const packages = [
    file("sdk/package.json", '{ "exports": "./src/index.ts" }'),
    file("package.json", '{ "scripts": { "test": "node --test-global-setup=tools/testing/setup.ts" } }'),
  ];
  const dead = deadFiles(sources, packages).map(({ path }) => path);
  assert.deepEqual(dead, ["server/src/dead.ts", "server/src/dead-too.ts"]);
});

test("holes in the lock: a platform's package that is named and not held", () => {
  const lock = (held: string) =>
    file(
      "package-lock.json",
      JSON.stringify({
        packages: {
          "": {},
          "node_modules/a": { optionalDependencies: { "@a/linux": "1.0.0", "@a/darwin": "1.0.0" } },
          "node_modules/@a/linux": {},
          [held]: {},
        },
      }),
    );
  assert.deepEqual(holesInLock(lock("node_modules/a/node_modules/@a/darwin")), []);
  assert.equal(holesInLock(lock("node_modules/b")).length, 1);
});

test("wide comments are filled anew, and nothing else changes", () => {
  const words = "one two three four five six";
  assert.equal(
    wrapComments(`  // ${words}\n  code(${words});`, 20),
    `  // one two three\n  // four five six\n  code(${words});`,
  );
  assert.equal(wrapComments(`/** ${words} */`, 20), "/**\n * one two three\n * four five six\n */");
  assert.equal(
    wrapComments(`-- ${words}\n--\n-- kept as\n-- it is`, 20),
    "-- one two three\n-- four five six\n--\n-- kept as\n-- it is",
  );
  assert.equal(
    wrapComments(` * - ${words}\n * - next`, 20),
    " * - one two three\n *   four five six\n * - next",
  );
  assert.equal(wrapComments(`// fits\n// here\n${words}`, 20), `// fits\n// here\n${words}`);
});
