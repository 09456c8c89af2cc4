import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog, readableLine, silentLog } from "./log.ts";

function logged(say: (log: ReturnType<typeof createLog>) => void, readable = false): string[] {
  const lines: string[] = [];
  say(createLog({ level: "info", readable, write: (line) => lines.push(line) }));
  return lines;
}

describe("the log", () => {
  const secrets = [
    "authorization",
    "cookie",
    "password",
    "secret",
    "secret_key",
    "secretKey",
    "api_key",
    "apiKey",
    "private_key",
    "privateKey",
    "app_auth_token",
    "payment_code",
    "paymentCode",
    "auth_code",
    "token",
    "master_key",
    "operatorKey",
    "database_url",
    "databaseUrl",
    "webhook_secret",
  ];
  for (const field of secrets) {
    it(`blanks ${field}, at the top of a line and one level down`, () => {
      const lines = logged((log) => {
        log.info({ [field]: "hunter2" }, "at the top");
        log.info({ request: { [field]: "hunter2" } }, "one level down");
      });
      assert.equal(lines.length, 2);
      for (const line of lines) {
        assert.doesNotMatch(line, /hunter2/);
        assert.match(line, /\[hidden\]/);
      }
    });
  }

  it("keeps the ids that an operator looks for, and says when, without naming the machine", () => {
    const [line = ""] = logged((log) => log.warn({ payment_id: "pay_1" }, "a payment waits"));
    const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual(rest, { level: "warn", payment_id: "pay_1", msg: "a payment waits" });
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it("keeps an error's message and its cause's", () => {
    const error = new Error("the door is shut", { cause: new Error("nobody is home") });
    const [line = ""] = logged((log) => log.error({ err: error }, "it failed"));
    assert.match(line, /the door is shut/);
    assert.match(line, /nobody is home/);
  });

  it("of a lower level than asked for is not written, and a silent one writes nothing", () => {
    assert.deepEqual(
      logged((log) => log.debug("a detail")),
      [],
    );
    silentLog().fatal("nobody hears this");
  });
});

describe("a readable line", () => {
  const line = (rest: object) =>
    readableLine(JSON.stringify({ level: "warn", time: "2026-01-31T12:30:05.123Z", ...rest }));

  it("says when, how serious, what and with which ids", () => {
    assert.equal(
      line({ msg: "a payment waits", payment_id: "pay_1", tries: 3 }),
      "12:30:05 warn  a payment waits (payment_id=pay_1 tries=3)\n",
    );
    assert.equal(line({ msg: "stopping" }), "12:30:05 warn  stopping\n");
  });

  it("shows where an error came from", () => {
    assert.match(
      line({ msg: "it failed", err: { message: "no", stack: "Error: no\n    at x" } }),
      /\n {4}at x\n$/,
    );
    assert.equal(line({ msg: "it failed", err: { message: "no" } }), "12:30:05 warn  it failed\nno\n");
  });

  it("stays one line, whatever text from outside it carries: nobody forges another", () => {
    const forged = "x)\n12:30:05 info  all is well";
    assert.equal(line({ msg: "a request failed", subject: forged }).trimEnd().split("\n").length, 1);
    assert.ok(!line({ msg: "a", subject: "\u001b[2Jx" }).includes("\u001b"));
  });
});
