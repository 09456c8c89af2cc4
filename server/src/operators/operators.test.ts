import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SECOND } from "../kernel/clock.ts";
import { mayDo, PERMISSION_ROLES, ROLES } from "./model.ts";
import { type BackOffice, refused, startBackOffice } from "./testing.ts";

let office: BackOffice;
before(async () => {
  office = await startBackOffice();
});
after(() => office.close());

describe("operators", () => {
  it("the token in the settings works, and a changed setting ends the one before", async () => {
    const next = `op_${"a".repeat(64)}`;
    assert.equal((await office.call("GET", "/v1/ops/operators")).status, 200);
    await office.operators.ensureBootstrap(next);
    office.deps.clock.move(SECOND);
    assert.equal((await office.call("GET", "/v1/ops/operators")).status, 401);
    assert.equal((await office.call("GET", "/v1/ops/operators", undefined, next)).status, 200);
    await office.operators.ensureBootstrap(office.token);
    office.deps.clock.move(SECOND);
    assert.equal((await office.call("GET", "/v1/ops/operators")).status, 200);
  });

  it("a token is shown once, and neither lists nor logs nor the audit log know it", async () => {
    const made = await office.call("POST", "/v1/ops/operators", { name: "ling", roles: ["finance"] });
    assert.equal(made.status, 201);
    const { token, id } = made.body;
    assert.match(token, /^op_[0-9a-f]{64}$/);
    const shown = [
      await office.call("GET", "/v1/ops/operators"),
      await office.call("GET", `/v1/ops/operators/${id}`),
      await office.call("GET", "/v1/ops/audit"),
    ];
    for (const answer of shown) {
      assert.equal(answer.status, 200);
      assert.ok(!answer.text.includes(token.slice(12)));
    }
    assert.ok(!office.logged.join("").includes(token.slice(12)));
  });

  it("a request sent twice with one Idempotency-Key makes one operator", async () => {
    const send = (name: string) =>
      office.http.inject({
        method: "POST",
        url: "/v1/ops/operators",
        headers: { authorization: `Bearer ${office.token}`, "idempotency-key": "once" },
        payload: { name, roles: ["viewer"] },
      });
    const [first, second] = [await send("twice"), await send("twice")];
    assert.deepEqual([first.statusCode, second.statusCode], [201, 200]);
    assert.equal(second.json().id, first.json().id);
    assert.equal(second.json().token, null);
    const other = await send("somebody else");
    assert.deepEqual([other.statusCode, other.json().code], [409, "idempotency_key_reused"]);
  });

  it("a disabled operator is out at once, and gets no new token", async () => {
    const token = await office.hire("leaver", "operations");
    const list = await office.call("GET", "/v1/ops/operators");
    const { id } = list.body.data.find((each: { name: string }) => each.name === "leaver");
    assert.equal((await office.call("GET", "/v1/ops/approvals", undefined, token)).status, 200);
    assert.equal((await office.call("POST", `/v1/ops/operators/${id}/disable`)).status, 200);
    assert.deepEqual(refused(await office.call("GET", "/v1/ops/approvals", undefined, token)).slice(0, 2), [
      401,
      "unauthenticated",
    ]);
    assert.equal((await office.call("POST", `/v1/ops/operators/${id}/tokens`)).status, 409);
  });

  it("a new token ends the earlier one, at once or after the overlap", async () => {
    const first = await office.hire("rotating", "viewer");
    const list = await office.call("GET", "/v1/ops/operators");
    const { id } = list.body.data.find((each: { name: string }) => each.name === "rotating");
    const works = async (token: string) =>
      (await office.call("GET", "/v1/ops/approvals", undefined, token)).status === 200;
    const second = (await office.call("POST", `/v1/ops/operators/${id}/tokens`, { overlap_hours: 1 })).body
      .token;
    office.deps.clock.move(SECOND);
    assert.deepEqual([await works(first), await works(second)], [true, true]);
    office.deps.clock.move(3_600 * SECOND);
    assert.deepEqual([await works(first), await works(second)], [false, true]);
    const third = (await office.call("POST", `/v1/ops/operators/${id}/tokens`)).body.token;
    assert.deepEqual([await works(second), await works(third)], [false, true]);
  });

  it("the last active administrator cannot be disabled", async () => {
    const list = await office.call("GET", "/v1/ops/operators");
    const { id } = list.body.data.find((each: { name: string }) => each.name === "bootstrap");
    assert.deepEqual(refused(await office.call("POST", `/v1/ops/operators/${id}/disable`)).slice(0, 2), [
      409,
      "conflict",
    ]);
  });

  it("every role reads and writes exactly what the table says", async () => {
    const tokens = new Map(
      await Promise.all(ROLES.map(async (role) => [role, await office.hire(`only-${role}`, role)] as const)),
    );
    const routes = [
      ["GET", "/v1/ops/operators", "operators.read"],
      ["POST", "/v1/ops/operators", "operators.write"],
      ["GET", "/v1/ops/audit", "audit.read"],
      ["GET", "/v1/ops/approvals", "approvals.read"],
    ] as const;
    for (const [method, url, permission] of routes) {
      for (const role of ROLES) {
        const body = method === "POST" ? { name: `by ${role}`, roles: ["viewer"] } : undefined;
        const answer = await office.call(method, url, body, tokens.get(role) as string);
        const allowed = mayDo([role], permission);
        assert.equal(answer.status < 300, allowed, `${role} ${method} ${url}: ${answer.text}`);
        if (!allowed) {
          assert.equal(answer.body.code, "forbidden");
          assert.ok(answer.body.detail.includes(PERMISSION_ROLES[permission][0]));
        }
      }
    }
  });

  const wrong: Record<string, [body: unknown, field: string]> = {
    "no name": [{ roles: ["viewer"] }, "name"],
    "an empty name": [{ name: "", roles: ["viewer"] }, "name"],
    "a number for a name": [{ name: 7, roles: ["viewer"] }, "name"],
    "no roles": [{ name: "x" }, "roles"],
    "an empty list of roles": [{ name: "x", roles: [] }, "roles"],
    "an unknown role": [{ name: "x", roles: ["king"] }, "roles.0"],
    "a field that does not exist": [{ name: "x", roles: ["viewer"], extra: 1 }, "extra"],
  };
  for (const [title, [body, field]] of Object.entries(wrong)) {
    it(`refuses ${title}, naming ${field}`, async () => {
      const answer = await office.call("POST", "/v1/ops/operators", body);
      assert.deepEqual(refused(answer), [400, "invalid_request", field]);
    });
  }

  it("refuses a taken name, an unknown operator and a strange cursor", async () => {
    await office.hire("only one", "viewer");
    const taken = await office.call("POST", "/v1/ops/operators", { name: "only one", roles: ["viewer"] });
    assert.deepEqual(refused(taken), [409, "conflict", "name"]);
    assert.equal((await office.call("GET", "/v1/ops/operators/opr_nonsense")).status, 404);
    const forged = Buffer.from('["not an id"]').toString("base64url");
    assert.deepEqual(refused(await office.call("GET", `/v1/ops/operators?cursor=${forged}`)), [
      400,
      "cursor_invalid",
      "query.cursor",
    ]);
  });

  const headers: Record<string, [header: string | undefined, says: RegExp]> = {
    "no header": [undefined, /missing/],
    "another scheme": ["Basic abc", /Bearer/],
    "an empty bearer": ["Bearer ", /Bearer/],
    "a merchant's key": [`Bearer sk_${"1".repeat(64)}`, /merchant's key/],
    "an unknown token": [`Bearer op_${"1".repeat(64)}`, /unknown/],
  };
  for (const [title, [authorization, says]] of Object.entries(headers)) {
    it(`answers ${title} with 401 and what is wrong`, async () => {
      const answer = await office.http.inject({
        method: "GET",
        url: "/v1/ops/operators",
        headers: authorization === undefined ? {} : { authorization },
      });
      assert.equal(answer.statusCode, 401);
      assert.equal(answer.json().code, "unauthenticated");
      assert.match(answer.json().detail, says);
    });
  }
});

describe("the audit log", () => {
  it("says who changed what in which request, and is read page by page without a gap", async () => {
    await office.hire("page one", "viewer");
    await office.hire("page two", "viewer");
    const whole = await office.call("GET", "/v1/ops/audit?limit=100");
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${cursor}`;
      const page = await office.call("GET", `/v1/ops/audit?limit=3${query}`);
      seen.push(...page.body.data.map((row: { id: string }) => row.id));
      cursor = page.body.next_cursor;
    } while (cursor !== null);
    assert.deepEqual(
      seen,
      whole.body.data.map((row: { id: string }) => row.id),
    );
    const row = whole.body.data.find(
      (each: { action: string; after: { name?: string } }) => each.after.name === "page two",
    );
    assert.equal(row.action, "operator.created");
    assert.equal(row.operator.name, "bootstrap");
    assert.match(row.request_id, /^req_/);
    assert.equal(row.before, null);
    const one = await office.call("GET", `/v1/ops/audit?subject=${row.subject}&action=operator.created`);
    assert.deepEqual(one.body.data, [row]);
  });
});
