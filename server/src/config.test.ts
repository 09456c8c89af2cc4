import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Environment, loadOrCreateSecrets, readConfig, settingNames } from "./config.ts";
import { systemRandom } from "./kernel/clock.ts";
import { StartRefused } from "./kernel/host/start-refused.ts";

const masterKey = Buffer.alloc(32, 7).toString("base64");
const production = {
  NODE_ENV: "production",
  DATABASE_URL: "postgres://user:pw@db.example.com/tributary",
  TRIBUTARY_PUBLIC_URL: "https://pay.example.com/",
  TRIBUTARY_MASTER_KEY: masterKey,
  TRIBUTARY_OPERATOR_KEY: "o".repeat(32),
};

test("with nothing set, one process does everything on loopback, with its database and the sandbox", () => {
  assert.deepEqual(readConfig({}, "/srv/tributary"), {
    production: false,
    roles: ["api", "worker"],
    host: "127.0.0.1",
    port: 8080,
    dataDir: "/srv/tributary/.data",
    publicUrl: null,
    databaseUrl: null,
    sandbox: { on: true, instant: false, port: 8081 },
    logLevel: "info",
    timeZone: "Asia/Shanghai",
    closeAt: "00:10",
    statementBytesMax: 134_217_728,
    statementUnpackedBytesMax: 4_294_967_296,
    mayHoldShares: false,
    masterKey: null,
    previousMasterKeys: [],
    operatorKey: null,
  });
});

test("production listens everywhere, without the sandbox, and its address loses the slash at the end", () => {
  const settings = readConfig(production);
  assert.equal(settings.host, "0.0.0.0");
  assert.equal(settings.sandbox.on, false);
  assert.equal(settings.publicUrl, "https://pay.example.com");
  assert.deepEqual(settings.masterKey, Buffer.alloc(32, 7));
});

test("a variable that is set to nothing counts as not set", () => {
  assert.equal(readConfig({ PORT: "", TRIBUTARY_SANDBOX: " " }).port, 8080);
});

test("a master key that replaces another stands in front of it", () => {
  const older = Buffer.alloc(32, 8).toString("base64");
  const settings = readConfig({ ...production, TRIBUTARY_MASTER_KEY: `${masterKey}, ${older}` });
  assert.deepEqual(settings.masterKey, Buffer.alloc(32, 7));
  assert.deepEqual(settings.previousMasterKeys, [Buffer.alloc(32, 8)]);
});

test("the sandbox is on by itself only without a database of one's own and outside production", () => {
  const own = { DATABASE_URL: production.DATABASE_URL };
  assert.equal(readConfig(own).sandbox.on, false);
  assert.equal(readConfig({ ...own, TRIBUTARY_SANDBOX: "on" }).sandbox.on, true);
  assert.equal(readConfig({ ...production, TRIBUTARY_SANDBOX: "on" }).sandbox.on, true);
});

const refusals: { title: string; env: Environment; says: RegExp }[] = [
  {
    title: "a misspelt setting, with the closest one",
    env: { TRIBUTARY_SANDBOX_PROT: "1" },
    says: /^TRIBUTARY_SANDBOX_PROT is not a setting: did you mean TRIBUTARY_SANDBOX_PORT\?/,
  },
  {
    title: "an unknown setting that resembles none",
    env: { TRIBUTARY_COLOUR_OF_THE_SKY: "1" },
    says: /^TRIBUTARY_COLOUR_OF_THE_SKY is not a setting\. docs\/settings\.md/,
  },
  {
    title: "a mode nobody knows",
    env: { NODE_ENV: "prod" },
    says: /^NODE_ENV is "prod": set it to production/,
  },
  {
    title: "a sandbox that is neither on nor off",
    env: { TRIBUTARY_SANDBOX: "yes" },
    says: /set it to on, off, or instant/,
  },
  { title: "an unknown role", env: { TRIBUTARY_ROLES: "api,cron" }, says: /name each of api and worker/ },
  { title: "a role named twice", env: { TRIBUTARY_ROLES: "api,api" }, says: /at most once/ },
  { title: "a port that is no number", env: { PORT: "http" }, says: /^PORT is "http": give a number/ },
  { title: "a port out of range", env: { PORT: "65536" }, says: /^PORT is "65536"/ },
  {
    title: "a negative port",
    env: { TRIBUTARY_SANDBOX_PORT: "-1" },
    says: /^TRIBUTARY_SANDBOX_PORT is "-1"/,
  },
  { title: "a host with a path", env: { HOST: "http://x/" }, says: /^HOST is "http:\/\/x\/"/ },
  {
    title: "another database",
    env: { DATABASE_URL: "mysql://u:secret@h/d" },
    says: /postgres:\/\/user:password/,
  },
  {
    title: "a database URL without a database",
    env: { DATABASE_URL: "postgres://u@h" },
    says: /host:5432\/database/,
  },
  {
    title: "a public address that is none",
    env: { TRIBUTARY_PUBLIC_URL: "pay" },
    says: /https:\/\/pay\.example/,
  },
  {
    title: "a public address with a query",
    env: { TRIBUTARY_PUBLIC_URL: "https://a?b=1" },
    says: /such as https/,
  },
  { title: "an unknown log level", env: { TRIBUTARY_LOG_LEVEL: "loud" }, says: /choose one of trace, debug/ },
  { title: "an hour that no day has", env: { TRIBUTARY_CLOSE_AT: "24:10" }, says: /time of day.*never/ },
  { title: "an unknown time zone", env: { TRIBUTARY_TIME_ZONE: "Shanghai" }, says: /IANA name/ },
  { title: "a short master key", env: { TRIBUTARY_MASTER_KEY: "c2hvcnQ=" }, says: /openssl rand -base64 32/ },
  {
    title: "a guessable operator key",
    env: { TRIBUTARY_OPERATOR_KEY: "secret" },
    says: /at least 32 printable/,
  },
  {
    title: "one port for both",
    env: { PORT: "9000", TRIBUTARY_SANDBOX_PORT: "9000" },
    says: /are both 9000/,
  },
  {
    title: "a sandbox port without a sandbox",
    env: { TRIBUTARY_SANDBOX: "off", TRIBUTARY_SANDBOX_PORT: "9000" },
    says: /the sandbox is off/,
  },
  {
    title: "the bench's channel in production",
    env: { ...production, TRIBUTARY_SANDBOX: "instant" },
    says: /says yes to every payment/,
  },
  {
    title: "one role on the embedded database",
    env: { TRIBUTARY_ROLES: "worker" },
    says: /set DATABASE_URL/,
  },
  {
    title: "production without a secure address",
    env: { ...production, TRIBUTARY_PUBLIC_URL: "http://pay.example.com" },
    says: /is not https/,
  },
  ...(
    ["DATABASE_URL", "TRIBUTARY_PUBLIC_URL", "TRIBUTARY_MASTER_KEY", "TRIBUTARY_OPERATOR_KEY"] as const
  ).map((name) => ({
    title: `production without ${name}`,
    env: { ...production, [name]: undefined },
    says: new RegExp(`^${name} is missing and production does not start without it: `),
  })),
];

for (const { title, env, says } of refusals) {
  test(`refused in one sentence: ${title}`, () => {
    assert.throws(
      () => readConfig(env),
      (error: Error) => {
        assert.ok(error instanceof StartRefused);
        assert.match(error.message, says);
        assert.equal(error.message.split("\n").length, 1);
        return true;
      },
    );
  });
}

test("all problems are told at once, and no secret is repeated", () => {
  const env = { DATABASE_URL: "mysql://u:hunter2@h/d", PORT: "x", TRIBUTARY_MASTER_KEY: "hunter2" };
  assert.throws(
    () => readConfig(env),
    (error: Error) => error.message.split("\n").length === 3 && !error.message.includes("hunter2"),
  );
});

test("secrets are made once, for the owner's eyes only, and the environment wins over them", () => {
  const folder = mkdtempSync(join(tmpdir(), "tributary-config-"));
  try {
    const first = loadOrCreateSecrets(readConfig({}, folder), systemRandom);
    const again = loadOrCreateSecrets(readConfig({}, folder), systemRandom);
    assert.deepEqual(again, first);
    assert.equal(first.masterKey.length, 32);
    assert.match(first.operatorKey, /^op_[0-9a-f]{64}$/);
    const file = join(first.dataDir, "secrets.json");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const set = loadOrCreateSecrets(readConfig({ TRIBUTARY_MASTER_KEY: masterKey }, folder), systemRandom);
    assert.equal(set.masterKey.toString("base64"), masterKey);
    assert.equal(set.operatorKey, first.operatorKey);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a damaged secrets file is refused, never replaced: what it encrypted would be lost", () => {
  const folder = mkdtempSync(join(tmpdir(), "tributary-config-"));
  try {
    const settings = readConfig({ TRIBUTARY_DATA_DIR: "." }, folder);
    for (const content of ["", "{}", '{"master_key":"x","operator_key":"y"}']) {
      writeFileSync(join(folder, "secrets.json"), content);
      assert.throws(() => loadOrCreateSecrets(settings, systemRandom), /Restore it from a backup/);
      assert.equal(readFileSync(join(folder, "secrets.json"), "utf8"), content);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("docs/settings.md names every setting with its default, and no other", () => {
  const page = readFileSync(new URL("../../docs/settings.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([A-Z_]+)`(?: †)? \| ([^|]+) \|/gm)].map((row) => [
    row[1],
    row[2]?.replaceAll("`", "").trim(),
  ]);
  assert.deepEqual(Object.fromEntries(rows), settingNames);
});
