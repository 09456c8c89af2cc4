import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Problem, problem } from "./errors.ts";
import { commitRefused, type Fault, faultOf, translate, violatedConstraint } from "./faults.ts";

const said = (code: string) => Object.assign(new Error(`told ${code}`), { code });

describe("what PostgreSQL, its driver or the machine said", () => {
  const cases: [error: unknown, fault: Fault][] = [
    [said("40P01"), "deadlock"],
    [said("40001"), "contention"],
    [said("55P03"), "contention"],
    [said("57P01"), "connection"],
    [said("57P02"), "connection"],
    [said("57P03"), "connection"],
    [said("08006"), "connection"],
    [said("26000"), "connection"],
    [said("ECONNREFUSED"), "connection"],
    [said("ECONNRESET"), "connection"],
    [said("EPIPE"), "connection"],
    [said("ENOTFOUND"), "connection"],
    [said("EAI_AGAIN"), "connection"],
    [said("ERR_STREAM_DESTROYED"), "connection"],
    [new Error("Connection terminated unexpectedly"), "connection"],
    [new Error("Connection terminated due to connection timeout"), "connection"],
    [new Error("Client has encountered a connection error and is not queryable"), "connection"],
    [new Error("Client was closed and is not queryable"), "connection"],
    [new Error("Query read timeout"), "connection"],
    [new Error("timeout expired"), "connection"],
    [new Error("timeout exceeded when trying to connect"), "resources"],
    [said("53300"), "resources"],
    [said("53100"), "resources"],
    [said("57014"), "resources"],
    [said("25P03"), "resources"],
    [said("22003"), "data"],
    [said("23505"), "data"],
    [said("54000"), "data"],
    [said("42P01"), "other"],
    [said("XX000"), "other"],
    [said("ERR_INVALID_ARG_TYPE"), "other"],
    [new TypeError("undefined is not a function"), "other"],
    [problem("overloaded"), "other"],
    ["a text", "other"],
    [null, "other"],
    [undefined, "other"],
  ];
  for (const [error, fault] of cases) {
    const { code, message } = (error ?? {}) as { code?: string; message?: string };
    it(`${code ?? message ?? String(error)} is ${fault}`, () => assert.equal(faultOf(error), fault));
  }
});

describe("what a caller is told", () => {
  const codeOf = (error: unknown, mayBeDone: boolean) => {
    const told = translate(error, faultOf(error), mayBeDone);
    return told instanceof Problem ? told.code : null;
  };
  const cases: [code: string, told: string | null, afterAnUnknownCommit: string | null][] = [
    ["57P01", "database_unavailable", "outcome_unknown"],
    ["53300", "overloaded", "outcome_unknown"],
    ["55P03", "overloaded", "outcome_unknown"],
    ["40P01", "overloaded", "outcome_unknown"],
    ["23505", null, null],
    ["42P01", null, null],
  ];
  for (const [code, told, after] of cases) {
    it(`${code}: ${told ?? "the error"}; after a COMMIT without answer ${after ?? "the same"}`, () => {
      assert.equal(codeOf(said(code), false), told);
      assert.equal(codeOf(said(code), true), after);
    });
  }
});

describe("a COMMIT that failed", () => {
  const certain = [said("23505"), said("40001"), said("53100"), said("57014")];
  const notSent = new Error("Client has encountered a connection error and is not queryable");
  const unknown = [
    said("57P01"),
    said("08006"),
    said("40003"),
    said("ECONNRESET"),
    new Error("Connection terminated unexpectedly"),
    new Error("Query read timeout"),
    null,
  ];
  it("was rolled back for certain when the server refused it, or when it never left", () => {
    for (const error of [...certain, notSent]) assert.equal(commitRefused(error), true, String(error));
  });
  it("may have been carried out when nobody answered, or the server was going down", () => {
    for (const error of unknown) assert.equal(commitRefused(error), false, String(error));
  });
});

describe("a violated constraint", () => {
  it("is known by its name, for integrity violations alone", () => {
    const named = (code: string) => Object.assign(said(code), { constraint: "payments_number" });
    assert.equal(violatedConstraint(named("23505")), "payments_number");
    assert.equal(violatedConstraint(said("23502")), null);
    assert.equal(violatedConstraint(named("40001")), null);
    assert.equal(violatedConstraint(null), null);
  });
});
