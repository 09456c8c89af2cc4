import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { Type } from "typebox";
import { systemRandom } from "./clock.ts";
import { ERRORS, type ErrorCode, problem } from "./errors.ts";
import { AmountSchema, CurrencySchema, createHttp, type Http, problems, strictObject } from "./http.ts";
import { refuseUnwritableText } from "./http-text.ts";
import { createLog } from "./log.ts";

const body = strictObject({
  amount: AmountSchema,
  currency: Type.Optional(CurrencySchema),
  state: Type.Optional(Type.Enum(["open", "closed"])),
  note: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  buyer: Type.Optional(strictObject({ "odd/name~": Type.Optional(Type.String()), age: Type.Integer() })),
  lines: Type.Optional(Type.Array(strictObject({ count: Type.Integer() }), { maxItems: 3 })),
});
const params = strictObject({ id: Type.String({ maxLength: 5 }) });
const querystring = strictObject({
  kind: Type.Optional(Type.Enum(["a", "b"])),
  limit: Type.Optional(Type.String({ pattern: "^[0-9]+$" })),
});

let http: Http;
let url = "";
const logged: string[] = [];
const reached: unknown[] = [];

before(async () => {
  http = await createHttp({
    log: createLog({ level: "info", readable: false, write: (line) => logged.push(line) }),
    random: systemRandom,
    version: "1.2.3",
    publicUrl: "https://pay.example",
    trustProxy: false,
  });
  refuseUnwritableText(http);
  http.post("/v1/things/:id", { schema: { params, querystring, body } }, (request) => {
    reached.push(request.body);
    return { got: request.body };
  });
  http.get("/v1/things/:id", { schema: { params } }, () => ({ thing: true }));
  http.get("/v1/cached", (_, reply) => reply.header("cache-control", "max-age=60").send({ ok: true }));
  const throwing: Record<string, () => unknown> = {
    error: () => new Error("the password is hunter2"),
    coded: () => problem("payment_closing", { detail: "being closed", field: "id", members: { extra: 1 } }),
    busy: () => problem("overloaded", { retryAfterSeconds: 7, cause: new Error("pool is full") }),
    unknown: () => problem("unauthenticated"),
    text: () => "a thrown text",
    nothing: () => undefined,
    null: () => null,
    other: () => Object.assign(new Error("a teapot"), { statusCode: 418, code: "TEAPOT" }),
  };
  for (const [name, error] of Object.entries(throwing)) {
    http.get(`/v1/throws/${name}`, async () => {
      throw error();
    });
  }
  url = await http.listen({ host: "127.0.0.1", port: 0 });
});
after(() => http.close());

type Answer = { readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> };

async function ask(
  method: string,
  path: string,
  sent?: string | Buffer,
  contentType?: string,
): Promise<Answer> {
  const answer = await fetch(url + path, {
    method,
    ...(sent === undefined ? {} : { body: sent }),
    headers: contentType === undefined ? {} : { "content-type": contentType },
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === "" ? {} : JSON.parse(text) };
}

const post = (sent: string | Buffer, contentType = "application/json", path = "/v1/things/1") =>
  ask("POST", path, sent, contentType);

/** Asserts a whole problem document, as every reader may rely on it. */
function assertProblem(answer: Answer, code: ErrorCode, field?: string): void {
  const { status, headers, body: document } = answer;
  assert.equal(document.code, code, JSON.stringify(document));
  assert.equal(status, ERRORS[code].status);
  assert.equal(headers.get("content-type"), "application/problem+json; charset=utf-8");
  assert.equal(document.status, status);
  assert.equal(document.title, ERRORS[code].title);
  assert.equal(document.type, `/docs/errors#${code}`);
  assert.equal(document.remedy, ERRORS[code].remedy);
  assert.equal(document.field, field);
  assertSafe(answer);
  assert.equal(document.request_id, headers.get("x-request-id"));
}

function assertSafe({ headers }: Answer): void {
  assert.match(headers.get("x-request-id") ?? "", /^req_[0-9a-f]{24}$/);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("cache-control"), "no-store");
}

describe("input", () => {
  const taken: [name: string, sent: string][] = [
    ["what the schema says", '{"amount":1}'],
    ["an integer in any spelling of JSON", '{"amount":12e2}'],
    ["the largest amount", '{"amount":9007199254740991}'],
    ["null where null is allowed", '{"amount":1,"note":null}'],
    ["every field", '{"amount":1,"currency":"CNY","state":"open","buyer":{"age":3},"lines":[{"count":1}]}'],
    ["characters beyond ASCII", '{"amount":1,"note":"春茶 🍵"}'],
  ];
  for (const [name, sent] of taken) {
    it(`is taken as it is: ${name}`, async () => {
      const answer = await post(sent);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, { got: JSON.parse(sent) });
      assertSafe(answer);
    });
  }

  const refused: [name: string, sent: string, field: string, detail: RegExp][] = [
    ["a text for an integer", '{"amount":"12"}', "amount", /must be integer/],
    ["a fraction", '{"amount":1.5}', "amount", /must be integer/],
    ["zero", '{"amount":0}', "amount", /must be >= 1/],
    ["a negative amount", '{"amount":-1}', "amount", /must be >= 1/],
    ["an amount that JSON readers would round", '{"amount":9007199254740992}', "amount", /must be <= 900719/],
    ["true for an integer", '{"amount":true}', "amount", /must be integer/],
    ["null where it is not allowed", '{"amount":null}', "amount", /must be integer/],
    ["null for an optional field", '{"amount":1,"currency":null}', "currency", /must be string/],
    ["a number for a text", '{"amount":1,"note":5}', "note", /must be string/],
    ["a list for one value", '{"amount":[1]}', "amount", /must be integer/],
    ["a missing field", "{}", "amount", /amount is required/],
    [
      "an unknown field",
      '{"amount":1,"Currency":"CNY"}',
      "Currency",
      /is not a field that this request takes/,
    ],
    ["a value outside the list", '{"amount":1,"state":"lost"}', "state", /allowed values: open, closed$/],
    [
      "a pattern that is not met",
      '{"amount":1,"currency":"cny"}',
      "currency",
      /must match pattern .* \(ISO 4217, capital letters\)$/,
    ],
    ["a missing field within", '{"amount":1,"buyer":{}}', "buyer.age", /buyer.age is required/],
    ["an unknown field within", '{"amount":1,"buyer":{"age":1,"x":1}}', "buyer.x", /buyer.x is not a field/],
    [
      "a wrong field whose name has the characters of a JSON pointer",
      '{"amount":1,"buyer":{"age":1,"odd/name~":1}}',
      "buyer.odd/name~",
      /must be string/,
    ],
    [
      "a wrong field in a list",
      '{"amount":1,"lines":[{"count":1},{"count":"2"}]}',
      "lines.1.count",
      /must be integer/,
    ],
    ["a list that is too long", '{"amount":1,"lines":[{},{},{},{}]}', "lines", /more than 3 items/],
    ["a list for the body", "[]", "body", /the body must be object/],
    ["null for the body", "null", "body", /the body must be object/],
    ["a text for the body", '"amount"', "body", /the body must be object/],
  ];
  for (const [name, sent, field, detail] of refused) {
    it(`is refused with its field named: ${name}`, async () => {
      reached.length = 0;
      const answer = await post(sent);
      assertProblem(answer, "invalid_request", field);
      assert.match(String(answer.body.detail), detail);
      assert.deepEqual(reached, []);
    });
  }

  const addresses: [name: string, path: string, field: string][] = [
    ["a value outside the list in the query", "/v1/things/1?kind=c", "query.kind"],
    ["an unknown name in the query", "/v1/things/1?kin=a", "query.kin"],
    ["a name given twice in the query", "/v1/things/1?kind=a&kind=b", "query.kind"],
    ["a pattern not met in the query", "/v1/things/1?limit=ten", "query.limit"],
    ["a part of the path that is too long", "/v1/things/123456", "params.id"],
  ];
  for (const [name, path, field] of addresses) {
    it(`is refused with its field named: ${name}`, async () => {
      assertProblem(await post('{"amount":1}', "application/json", path), "invalid_request", field);
    });
  }

  const poisoned = [
    '{"amount":1,"__proto__":{"admin":true}}',
    '{"amount":1,"constructor":{"prototype":{"a":1}}}',
  ];
  for (const sent of poisoned) {
    it(`never reaches the prototypes: ${sent}`, async () => {
      assertProblem(await post(sent), "invalid_json");
      assert.equal(({} as Record<string, unknown>).admin, undefined);
    });
  }

  for (const [name, start, end] of [
    ["lists", "[", "]"],
    ["objects", '{"a":', "}"],
  ] as const) {
    it(`of nothing but ${name} within ${name} is refused, and uses up nothing`, async () => {
      const depth = Math.floor(60_000 / (start.length + end.length));
      const answer = await post(`${start.repeat(depth)}0${end.repeat(depth)}`);
      assertProblem(answer, "invalid_request", "body");
      assert.match(String(answer.body.detail), /nested deeper than 32/);
    });
  }

  it("with a character that cannot be kept is refused with its field named", async () => {
    assertProblem(await post('{"amount":1,"note":"a\\u0000"}'), "invalid_request", "note");
    assertProblem(await post('{"amount":1,"note":"\\ud83d"}'), "invalid_request", "note");
  });

  it("in which a field stands twice counts with its last value, as JSON readers do", async () => {
    assert.deepEqual((await post('{"amount":5,"amount":1}')).body, { got: { amount: 1 } });
  });
});

describe("a body", () => {
  const bodies: [name: string, sent: string | Buffer, contentType: string, code: ErrorCode][] = [
    ["that breaks off", '{"amount":', "application/json", "invalid_json"],
    ["with a comma too many", '{"amount":1,}', "application/json", "invalid_json"],
    ["with something behind it", '{"amount":1} {}', "application/json", "invalid_json"],
    ["of nothing", "", "application/json", "invalid_json"],
    [
      "in GBK",
      Buffer.from('{"amount":1,"note":"\xb4\xba\xb2\xe8"}', "latin1"),
      "application/json",
      "invalid_json",
    ],
    ["of text", '{"amount":1}', "text/plain", "unsupported_media_type"],
    ["of a form", "amount=1", "application/x-www-form-urlencoded", "unsupported_media_type"],
    ["of a content type that is none", '{"amount":1}', "nonsense", "unsupported_media_type"],
    ["of XML", "<amount>1</amount>", "application/xml", "unsupported_media_type"],
    ["past 64 kB", `{"amount":1,"note":"${"x".repeat(65_536)}"}`, "application/json", "body_too_large"],
  ];
  for (const [name, sent, contentType, code] of bodies) {
    it(`${name} is refused: ${code}`, async () => {
      reached.length = 0;
      assertProblem(await post(sent, contentType), code);
      assert.deepEqual(reached, []);
    });
  }

  it("of just 64 kB is taken", async () => {
    const start = '{"amount":1,"note":"';
    const sent = `${start}${"x".repeat(65_536 - start.length - 2)}"}`;
    assert.equal((await post(sent)).status, 200);
  });

  it("may say that it is UTF-8", async () => {
    assert.equal((await post('{"amount":1}', "application/json; charset=utf-8")).status, 200);
  });

  it("that is missing altogether is missed", async () => {
    assertProblem(await ask("POST", "/v1/things/1"), "invalid_request", "body");
  });

  it("without its length, sent in pieces past the limit, is refused as well", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
      const sending = httpRequest(`${url}/v1/things/1`, { method: "POST", headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
        sending.destroy();
      });
      sending.on("error", reject);
      sending.write('{"amount":1,"note":"');
      for (let n = 0; n < 20; n += 1) sending.write("x".repeat(8_192));
    });
    assert.equal(status, 413);
  });
});

describe("an address", () => {
  it("with nothing at it is told as it was asked, without its query", async () => {
    const answer = await ask("GET", "/v1/nothing?secret=1");
    assertProblem(answer, "not_found");
    assert.equal(answer.body.detail, "there is nothing at GET /v1/nothing");
  });

  it("with a slash too many is another address", async () => {
    assertProblem(await ask("GET", "/v1/things/1/"), "not_found");
  });

  it("that does not take a method names those that it takes", async () => {
    const answer = await ask("PUT", "/v1/things/1");
    assertProblem(answer, "method_not_allowed");
    assert.equal(answer.headers.get("allow"), "GET, HEAD, POST");
    assertProblem(await ask("POST", "/v1/cached"), "method_not_allowed");
  });

  for (const path of ["/v1/things/%zz", "/%c0%ae%c0%ae/etc/passwd"]) {
    it(`that is not well-formed is answered like any other that does not exist: ${path}`, async () => {
      assertProblem(await ask("GET", path), "not_found");
    });
  }

  it("with a part longer than any id is answered like any other that does not exist", async () => {
    assertProblem(await ask("GET", `/v1/things/${"9".repeat(2_000)}`), "not_found");
  });
});

describe("what goes wrong behind a route", () => {
  it("as a coded error is answered in full", async () => {
    const answer = await ask("GET", "/v1/throws/coded");
    assertProblem(answer, "payment_closing", "id");
    assert.equal(answer.body.detail, "being closed");
    assert.equal(answer.body.extra, 1);
  });

  for (const name of ["error", "text", "nothing", "null", "other"]) {
    it(`unforeseen (${name}) is "internal_error", and nothing of it leaves the house`, async () => {
      logged.length = 0;
      const answer = await ask("GET", `/v1/throws/${name}`);
      assertProblem(answer, "internal_error");
      assert.doesNotMatch(JSON.stringify(answer.body), /hunter2|thrown text|teapot|stack|\.ts/);
      assert.equal(answer.body.detail, undefined);
      assert.equal(logged.length, 1);
      assert.match(logged[0] ?? "", new RegExp(String(answer.headers.get("x-request-id"))));
    });
  }

  it("is in the log with its own words, so that an operator finds it by the request's id", async () => {
    logged.length = 0;
    const answer = await ask("GET", "/v1/throws/error");
    assert.match(logged.join(""), /hunter2/);
    assert.match(logged.join(""), new RegExp(String(answer.body.request_id)));
  });

  it("for the moment tells when to come back", async () => {
    const answer = await ask("GET", "/v1/throws/busy");
    assertProblem(answer, "overloaded");
    assert.equal(answer.headers.get("retry-after"), "7");
    assert.doesNotMatch(JSON.stringify(answer.body), /pool is full/);
  });

  it("for want of a key says how to bring one", async () => {
    const answer = await ask("GET", "/v1/throws/unknown");
    assertProblem(answer, "unauthenticated");
    assert.equal(answer.headers.get("www-authenticate"), 'Bearer realm="tributary"');
  });

  it("of the caller's making is not logged: nobody fills the log from outside", async () => {
    logged.length = 0;
    await post("{}");
    await ask("GET", "/v1/nothing");
    assert.deepEqual(logged, []);
  });
});

describe("an answer", () => {
  it("to HEAD has the headers of GET and no body", async () => {
    const answer = await fetch(`${url}/v1/things/1`, { method: "HEAD" });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-length"), String('{"thing":true}'.length));
    assert.equal(await answer.text(), "");
    assert.equal((await fetch(`${url}/v1/nothing`, { method: "HEAD" })).status, 404);
  });

  it("has a request id of its own each time, whatever the caller claims", async () => {
    const ids = new Set<string | null>();
    for (let n = 0; n < 3; n += 1) {
      const answer = await fetch(`${url}/v1/things/1`, { headers: { "x-request-id": "mine" } });
      ids.add(answer.headers.get("x-request-id"));
    }
    assert.equal(ids.size, 3);
    assert.ok(!ids.has("mine"));
  });

  it("is kept by nobody, unless its route says otherwise", async () => {
    const kept = await fetch(`${url}/v1/cached`);
    assert.equal(kept.headers.get("cache-control"), "max-age=60");
    assert.equal(kept.headers.get("x-content-type-options"), "nosniff");
  });
});

describe("bytes that are no request", () => {
  /** Sends bytes as they are; what came back until the server hung up. */
  const raw = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = "";
      const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(bytes));
      socket.on("data", (chunk) => {
        answer += String(chunk);
      });
      socket.on("error", reject);
      socket.on("close", () => resolve(answer));
    });
  const cases: [name: string, bytes: string, code: ErrorCode][] = [
    ["another protocol", "EHLO shop.example\r\n\r\n", "invalid_request"],
    ["a method that HTTP has not", "PAY /v1/things/1 HTTP/1.1\r\nhost: x\r\n\r\n", "invalid_request"],
    [
      "a length that is none",
      "POST /v1/things/1 HTTP/1.1\r\nhost: x\r\ncontent-length: lots\r\n\r\n{}",
      "invalid_request",
    ],
    [
      "two lengths",
      "POST /v1/things/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
      "invalid_request",
    ],
    [
      "headers without end",
      `GET /v1/things/1 HTTP/1.1\r\nhost: x\r\ncookie: ${"y".repeat(20_000)}\r\n\r\n`,
      "headers_too_large",
    ],
  ];
  for (const [name, bytes, code] of cases) {
    it(`${name} is answered with a problem document too: ${code}`, async () => {
      const [head = "", document = ""] = (await raw(bytes)).split("\r\n\r\n");
      assert.ok(head.startsWith(`HTTP/1.1 ${ERRORS[code].status} `), head);
      assert.match(head, /content-type: application\/problem\+json/);
      assert.match(head, /connection: close/);
      const { code: said, request_id } = JSON.parse(document) as Record<string, string>;
      assert.equal(said, code);
      assert.ok(head.includes(`x-request-id: ${request_id}`));
    });
  }
});

describe("a caller that goes away in the middle of its body", () => {
  it("is nobody's fault: nothing is logged, and the next one is served", async () => {
    logged.length = 0;
    await new Promise<void>((resolve) => {
      const head = "POST /v1/things/1 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json";
      const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
        socket.write(`${head}\r\ncontent-length: 1000\r\n\r\n{"amount":`, () => socket.destroy());
      });
      socket.on("close", () => resolve());
    });
    assert.equal((await post('{"amount":1}')).status, 200);
    assert.deepEqual(logged, []);
  });
});

describe("a server that stops", () => {
  it("finishes what it began, and tells who comes later to go elsewhere", async () => {
    const stopping = await createHttp({
      log: createLog({ level: "silent", readable: false }),
      random: systemRandom,
      version: "1",
      publicUrl: "/",
      trustProxy: false,
    });
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    stopping.get("/v1/slow", async () => {
      begun.resolve();
      await gate.promise;
      return { finished: true };
    });
    const address = new URL(await stopping.listen({ host: "127.0.0.1", port: 0 }));
    let answers = "";
    const socket = connect(Number(address.port), "127.0.0.1");
    socket.on("data", (chunk) => {
      answers += String(chunk);
    });
    socket.write("GET /v1/slow HTTP/1.1\r\nhost: x\r\n\r\n");
    await begun.promise;
    const closed = stopping.close();
    const later = once(stopping.server, "request");
    socket.write("GET /v1/slow HTTP/1.1\r\nhost: x\r\n\r\n");
    const ended = new Promise((resolve) => socket.on("close", resolve));
    await later;
    gate.resolve();
    await Promise.all([closed, ended]);
    const [first = "", second = ""] = answers.split(/(?=HTTP\/1\.1 503)/);
    assert.match(first, /^HTTP\/1\.1 200 .*\{"finished":true\}$/s);
    assert.match(second, /retry-after: 2/);
    assert.match(second, /application\/problem\+json/);
    assert.match(second, /"code":"stopping"/);
  });
});

describe("a connection that asks nothing", () => {
  const held: [name: string, bytes: string][] = [
    ["opened beforehand, as browsers do", ""],
    ["in the middle of its headers", "GET /v1/things HTTP/1.1\r\nhost:"],
    ["kept after its answer", "GET /v1/things HTTP/1.1\r\nhost: x\r\n\r\n"],
  ];
  for (const [name, bytes] of held) {
    it(`does not keep a server from stopping: ${name}`, async () => {
      const stopping = await createHttp({
        log: createLog({ level: "silent", readable: false }),
        random: systemRandom,
        version: "1",
        publicUrl: "/",
        trustProxy: false,
      });
      stopping.get("/v1/things", () => ({ ok: true }));
      const address = new URL(await stopping.listen({ host: "127.0.0.1", port: 0 }));
      const accepted = once(stopping.server, "connection");
      const socket = connect(Number(address.port), "127.0.0.1");
      socket.on("error", () => {});
      await accepted;
      if (bytes !== "") await new Promise((resolve) => socket.write(bytes, resolve));
      if (bytes.endsWith("\r\n\r\n")) await once(socket, "data");
      const ended = once(socket.resume(), "close");
      await stopping.close();
      await ended;
    });
  }
});

describe("requests that come too fast", () => {
  it("are refused for their key alone, with the time to come back", async (t) => {
    const limited = await createHttp({
      log: createLog({ level: "silent", readable: false }),
      random: systemRandom,
      version: "1",
      publicUrl: "/",
      trustProxy: false,
      requestsPerSecondMax: 3,
    });
    t.after(() => limited.close());
    limited.get("/v1/things", () => ({ ok: true }));
    limited.post("/notify/alipay/1", { config: { rateLimit: false } }, () => ({ ok: true }));
    const address = await limited.listen({ host: "127.0.0.1", port: 0 });
    const as = (key: string) =>
      fetch(`${address}/v1/things`, { headers: { authorization: `Bearer ${key}` } });
    // The window may end between two requests; it cannot end again before these few are through.
    let refused: Response | undefined;
    for (let n = 0; n < 12 && refused === undefined; n += 1) {
      const answer = await as("one");
      if (answer.status === 429) refused = answer;
    }
    assert.ok(refused !== undefined, "twelve requests at three a second were all let through");
    const document = (await refused.json()) as Record<string, unknown>;
    assertProblem({ status: refused.status, headers: refused.headers, body: document }, "rate_limited");
    assert.equal(refused.headers.get("retry-after"), "1");
    assert.equal((await as("two")).status, 200);
    for (let n = 0; n < 12; n += 1) {
      const answer = await fetch(`${address}/notify/alipay/1`, { method: "POST" });
      assert.equal(answer.status, 200, "a channel's notification was refused");
    }
  });
});

describe("the description", () => {
  it("is OpenAPI 3.1, made from the routes' own schemas, at the public address", async (t) => {
    const described = await createHttp({
      log: createLog({ level: "silent", readable: false }),
      random: systemRandom,
      version: "1.2.3",
      publicUrl: "https://pay.example",
      trustProxy: false,
    });
    t.after(() => described.close());
    const schema = { summary: "A thing", body, response: { 200: Type.Object({}), ...problems(400, 404) } };
    described.post("/v1/things", { schema }, () => ({}));
    await described.ready();
    const document = described.swagger() as unknown as {
      openapi: string;
      info: { version: string };
      servers: { url: string }[];
      paths: Record<string, Record<string, { responses: Record<string, { content: object }> }>>;
    };
    assert.equal(document.openapi, "3.1.0");
    assert.equal(document.info.version, "1.2.3");
    assert.deepEqual(document.servers, [{ url: "https://pay.example" }]);
    const responses = document.paths["/v1/things"]?.post?.responses;
    assert.deepEqual(Object.keys(responses ?? {}), ["200", "400", "404"]);
    assert.deepEqual(Object.keys(responses?.["404"]?.content ?? {}), ["application/problem+json"]);
  });
});
