import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ApprovalAction } from "./approvals.ts";
import { masked } from "./audit.ts";
import type { Approval } from "./model.ts";
import { ascending, type BackOffice, refused, startBackOffice } from "./testing.ts";

let office: BackOffice;
let finance: string;
let risk: string;
let viewer: string;
/** What the action does next: say it is done, refuse, or break before its end is known. */
let next: "done" | "refuse" | "break" = "done";
const carried: Approval[] = [];

const action: ApprovalAction = {
  kind: "test.lend",
  permission: "credit_lines.approve",
  carryOut: async (approval) => {
    carried.push(approval);
    if (next === "break") throw new Error("the machine stopped here");
    return next === "refuse" ? { refused: "too late" } : { done: true };
  },
};

before(async () => {
  office = await startBackOffice(() => [action]);
  finance = await office.hire("finance", "finance");
  risk = await office.hire("risk", "risk");
  viewer = await office.hire("viewer", "viewer");
});
after(() => office.close());

let subjects = 0;

async function propose(as: string, payload: Record<string, unknown> = { amount: 5 }): Promise<Approval> {
  subjects += 1;
  const request = { headers: { authorization: `Bearer ${as}` }, method: "POST", url: "/", id: "req_test" };
  const actor = await office.operators.authenticate(request as never, "credit_lines.propose");
  return office.operators.propose(actor, {
    kind: action.kind,
    subject: `thing_${subjects}`,
    payload,
    reason: null,
  });
}

async function idOf(approval: Approval): Promise<string> {
  const list = await office.call("GET", `/v1/ops/approvals?subject=${approval.subject}`);
  return list.body.data[0].id;
}

describe("approvals", () => {
  it("one person proposes, another approves, and it is carried out once", async () => {
    next = "done";
    const id = await idOf(await propose(finance));
    const own = await office.call("POST", `/v1/ops/approvals/${id}/approve`, undefined, finance);
    assert.deepEqual(refused(own).slice(0, 2), [403, "second_person_required"]);
    const weak = await office.call("POST", `/v1/ops/approvals/${id}/approve`, undefined, viewer);
    assert.deepEqual(refused(weak).slice(0, 2), [403, "forbidden"]);
    const before = carried.length;
    const approved = await office.call("POST", `/v1/ops/approvals/${id}/approve`, { note: "fine" }, risk);
    assert.equal(approved.status, 200, approved.text);
    assert.equal(approved.body.status, "carried_out");
    assert.equal(approved.body.decision_note, "fine");
    assert.equal(carried.length, before + 1);
    const again = await office.call("POST", `/v1/ops/approvals/${id}/approve`, undefined, risk);
    assert.deepEqual(refused(again).slice(0, 2), [409, "conflict"]);
    assert.equal(carried.length, before + 1);
    const audit = await office.call("GET", `/v1/ops/audit?subject=thing_${subjects}`);
    assert.deepEqual(
      audit.body.data
        .map((row: { action: string; operator: { name: string } }) => [row.action, row.operator.name])
        .sort(),
      [
        ["test.lend.approved", "risk"],
        ["test.lend.carried_out", "risk"],
        ["test.lend.proposed", "finance"],
      ],
    );
  });

  it("a rejected proposal is never carried out", async () => {
    const id = await idOf(await propose(finance));
    const before = carried.length;
    const rejected = await office.call("POST", `/v1/ops/approvals/${id}/reject`, { note: "no" }, risk);
    assert.deepEqual([rejected.status, rejected.body.status], [200, "rejected"]);
    assert.equal((await office.call("POST", `/v1/ops/approvals/${id}/approve`, undefined, risk)).status, 409);
    assert.equal(carried.length, before);
  });

  it("what was approved before a crash is carried out at the next start", async () => {
    next = "break";
    const id = await idOf(await propose(finance));
    assert.equal((await office.call("POST", `/v1/ops/approvals/${id}/approve`, undefined, risk)).status, 500);
    assert.equal((await office.call("GET", `/v1/ops/approvals/${id}`)).body.status, "approved");
    next = "done";
    assert.equal(await office.approvals().resume(), 1);
    assert.equal((await office.call("GET", `/v1/ops/approvals/${id}`)).body.status, "carried_out");
    assert.equal(await office.approvals().resume(), 0);
  });

  it("what can no longer be done is rejected with the reason", async () => {
    next = "refuse";
    const id = await idOf(await propose(finance));
    const answer = await office.call("POST", `/v1/ops/approvals/${id}/approve`, undefined, risk);
    assert.deepEqual(refused(answer).slice(0, 2), [409, "conflict"]);
    assert.match(answer.body.detail, /too late/);
    const found = await office.call("GET", `/v1/ops/approvals/${id}`);
    assert.deepEqual([found.body.status, found.body.decision_note], ["rejected", "too late"]);
  });

  it("two people who decide at once carry it out in one way only", async () => {
    next = "done";
    const id = await idOf(await propose(finance));
    const answers = await Promise.all([
      office.call("POST", `/v1/ops/approvals/${id}/approve`, undefined, risk),
      office.call("POST", `/v1/ops/approvals/${id}/reject`, undefined, office.token),
    ]);
    assert.deepEqual(answers.map((each) => each.status).sort(ascending), [200, 409]);
  });

  it("the same proposal again is the first one; a different one waits until that is decided", async () => {
    const first = await propose(finance, { amount: 1, currency: "CNY" });
    subjects -= 1;
    const again = await propose(finance, { currency: "CNY", amount: 1 });
    assert.equal(again.id, first.id);
    subjects -= 1;
    await assert.rejects(propose(finance, { amount: 2, currency: "CNY" }), { code: "conflict" });
  });
});

describe("what the audit log writes down", () => {
  it("hides whatever bears a secret's name, at any depth", () => {
    assert.deepEqual(
      masked({
        name: "kept",
        secret: "s",
        app_auth_token: "t",
        credentials: { a: 1 },
        deep: [{ private_key: "k", version: 2n }],
        api_key: null,
      }),
      {
        name: "kept",
        secret: "[hidden]",
        app_auth_token: "[hidden]",
        credentials: "[hidden]",
        deep: [{ private_key: "[hidden]", version: 2 }],
        api_key: null,
      },
    );
  });
});
