import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ERRORS, type ErrorCode, Problem, problem, problemDocument } from "./errors.ts";

/**
 * What programs of merchants rely on. A code is added here on purpose; none changes or goes without a new
 * version.
 */
const PUBLISHED: Readonly<Record<string, number>> = {
  invalid_request: 400,
  invalid_json: 400,
  body_too_large: 413,
  headers_too_large: 431,
  request_timeout: 408,
  unsupported_media_type: 415,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  number_reused: 409,
  idempotency_key_reused: 409,
  rate_limited: 429,
  cursor_invalid: 400,
  day_open: 409,
  currency_not_supported: 422,
  amount_out_of_range: 422,
  method_not_available: 422,
  no_account_available: 422,
  sharing_not_available: 422,
  sharing_not_licensed: 422,
  payment_not_shareable: 409,
  receiver_not_available: 422,
  share_exceeds_payment: 422,
  shares_exhausted: 422,
  order_refused: 422,
  payment_final: 409,
  payment_closing: 409,
  payment_confirming: 409,
  payment_disputed: 409,
  payment_expired: 409,
  abandon_not_allowed: 409,
  refund_exceeds_payment: 422,
  payment_not_refundable: 409,
  refund_window_over: 422,
  refund_parts_exhausted: 422,
  settlement_refused: 422,
  insufficient_balance: 422,
  bank_account_not_verified: 422,
  nothing_to_pay_out: 422,
  cost_not_owed: 422,
  payout_file_refused: 422,
  payout_account_stopped: 409,
  reserve_insufficient: 409,
  second_person_required: 403,
  credentials_invalid: 422,
  credentials_not_proved: 422,
  payment_code_used: 409,
  channel_account_not_verified: 409,
  channel_account_in_use: 409,
  endpoint_not_allowed: 422,
  channel_unavailable: 503,
  statement_refused: 502,
  statement_invalid: 422,
  overloaded: 503,
  outcome_unknown: 503,
  database_unavailable: 503,
  stopping: 503,
  not_served_here: 503,
  internal_error: 500,
};

const codes = Object.keys(ERRORS) as ErrorCode[];

describe("the registry of errors", () => {
  it("is what was published: every code with its status", () => {
    const present = Object.fromEntries(codes.map((code) => [code, ERRORS[code].status]));
    assert.deepEqual(present, PUBLISHED);
  });

  for (const code of codes) {
    const { status, title, remedy } = ERRORS[code];

    it(`${code} has a title, and says in sentences what to do`, () => {
      assert.match(code, /^[a-z]+(_[a-z]+)*$/);
      assert.ok(Number.isInteger(status) && status >= 400 && status <= 599);
      assert.match(title, /^[A-Z][^.]+$/, "a title is a phrase without a full stop");
      assert.ok(title.length <= 80);
      assert.match(remedy, /^[A-Z/].+[.]$/, "a remedy is whole sentences");
    });
  }

  it("never gives two codes the same title: a person who reads it must know which one it is", () => {
    const titles = codes.map((code) => ERRORS[code].title);
    assert.equal(new Set(titles).size, titles.length);
  });
});

describe("a problem document (RFC 9457)", () => {
  it("carries the standard members, ours, and what is particular to this time", () => {
    const document = problemDocument(
      problem("number_reused", {
        detail: "amount differs",
        field: "merchant_order_no",
        members: { fields: ["amount"] },
        retryAfterSeconds: 3,
        cause: new Error("not for readers"),
      }),
      "req_1",
    );
    assert.deepEqual(document, {
      type: "/docs/errors#number_reused",
      title: ERRORS.number_reused.title,
      status: 409,
      code: "number_reused",
      detail: "amount differs",
      field: "merchant_order_no",
      remedy: ERRORS.number_reused.remedy,
      fields: ["amount"],
      request_id: "req_1",
    });
  });

  for (const code of codes) {
    it(`of ${code} leaves out what is not known, and points to its own explanation`, () => {
      const document = problemDocument(problem(code), "req_2");
      assert.deepEqual(Object.keys(document), ["type", "title", "status", "code", "remedy", "request_id"]);
      assert.equal(document.type, `/docs/errors#${code}`);
      assert.equal(document.status, ERRORS[code].status);
    });
  }
});

describe("a problem on its way", () => {
  it("is an error whose message says what is wrong this time, else its title", () => {
    assert.ok(problem("conflict") instanceof Problem);
    assert.equal(problem("conflict").message, ERRORS.conflict.title);
    assert.equal(problem("conflict", { detail: "it was closed" }).message, "it was closed");
  });

  it("keeps its cause for the log alone", () => {
    const cause = new Error("secret words");
    const thrown = problem("internal_error", { cause });
    assert.equal(thrown.cause, cause);
    assert.doesNotMatch(JSON.stringify(problemDocument(thrown, "req_3")), /secret/);
    assert.equal("cause" in problem("conflict"), false);
  });
});
