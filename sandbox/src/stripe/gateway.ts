import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sleep } from "../clock.ts";
import { interfere, loseAnswer, type Passage, sent, type Words } from "../faults/index.ts";
import { authenticate } from "./authenticate.ts";
import { type StripeDeps, transact } from "./context.ts";
import { fingerprintOf, inProgress, keepReplay, keyMax, replayId, replayOf } from "./idempotency.ts";
import { newId } from "./ids.ts";
import type { Account } from "./model.ts";
import { type Operation, orderNoIn } from "./operations/call.ts";
import { operations } from "./operations/table.ts";
import { apiVersion } from "./views.ts";
import { type Answer, answerOf, apiError, errorAnswer, rateLimit } from "./wire/answer.ts";
import { parseForm, type Tree } from "./wire/form.ts";
import { Params } from "./wire/params.ts";
import { invalid, StripeRefusal } from "./wire/refusals.ts";

type GatewayDeps = StripeDeps & { log: (line: string) => void };

/** What Stripe says where a fault makes it refuse or not know. */
const words: Words<Answer> = {
  rateRefusal: () => errorAnswer(rateLimit),
  unknown: () => errorAnswer(apiError),
  // That a thing is not there is the whole answer to a query, and can be lost like any other.
  succeeded: ({ status }) => status < 300 || status === 402 || status === 404,
};

/** A call that may be carried out: who calls, and under which key where it has one. */
type Admitted = {
  account: Account;
  operation: Operation;
  tree: Tree;
  id: string;
  key: { id: string; fingerprint: string } | null;
};

/** Stripe's API under `/v1/…`. */
export function registerStripeGateway(app: FastifyInstance, deps: GatewayDeps): void {
  // Calls under way by their idempotency keys: like the calls themselves they end with the process.
  const underWay = new Set<string>();
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "string" }, (_request, body, parsed) => parsed(null, body));
    for (const operation of operations) {
      scope.route({
        method: operation.verb,
        url: operation.path,
        handler: (request, reply) => handle(deps, underWay, operation, request, reply),
      });
    }
    scope.all("/v1/*", (request, reply) => {
      const where = `${request.method}: ${request.url.split("?")[0]}`;
      const message = `Unrecognized request URL (${where}).`;
      const refusal = { status: 404, type: "invalid_request_error", message, begun: false } as const;
      return send(deps, reply, request, errorAnswer(refusal));
    });
    done();
  });
}

async function handle(
  deps: GatewayDeps,
  underWay: Set<string>,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { answer, passage } = await outcomeOf(deps, underWay, operation, request);
  if (passage.waitMs > 0) await sleep(deps.clock, passage.waitMs);
  if (passage.ending === "cut") return loseAnswer(reply);
  if (passage.ending === "status") {
    return reply.code(passage.status).type("text/html").send("<h1>The gateway is in trouble</h1>");
  }
  return send(deps, reply, request, answer);
}

function send(deps: StripeDeps, reply: FastifyReply, request: FastifyRequest, answer: Answer): FastifyReply {
  const key = request.headers["idempotency-key"];
  const version = request.headers["stripe-version"];
  reply
    .code(answer.status)
    .header("request-id", newId(deps.random, "req_"))
    .header("stripe-version", typeof version === "string" ? version : apiVersion)
    .header("cache-control", "no-cache, no-store");
  if (typeof key === "string") reply.header("idempotency-key", key);
  if (answer.replayed) reply.header("idempotent-replayed", "true");
  return reply.type("application/json").send(answer.body);
}

async function outcomeOf(
  deps: GatewayDeps,
  underWay: Set<string>,
  operation: Operation,
  request: FastifyRequest,
): Promise<{ answer: Answer; passage: Passage }> {
  try {
    const call = await admit(deps, operation, request);
    const { key } = call;
    if (key && underWay.has(key.id)) return { answer: errorAnswer(inProgress), passage: sent };
    if (key) underWay.add(key.id);
    try {
      return await disturbed(deps, call);
    } finally {
      if (key) underWay.delete(key.id);
    }
  } catch (error) {
    return { answer: asAnswer(deps, operation, error), passage: sent };
  }
}

/** The ladder on which a call is checked before it is carried out. */
async function admit(deps: GatewayDeps, operation: Operation, request: FastifyRequest): Promise<Admitted> {
  const account = await authenticate(deps.store, request.headers.authorization);
  const acts = request.headers["stripe-account"];
  if (acts !== undefined && acts !== account.id) throw noAccess(String(acts));
  const [path = "", query = ""] = (request.raw.url ?? "").split("?", 2);
  const text = operation.verb === "GET" ? query : typeof request.body === "string" ? request.body : "";
  const type = request.headers["content-type"] ?? "";
  if (text !== "" && operation.verb !== "GET" && !/^application\/x-www-form-urlencoded\b/i.test(type)) {
    throw invalid("", "Invalid request: parameters must be sent as application/x-www-form-urlencoded.");
  }
  const tree = parseForm(text);
  if (!tree) throw invalid("", "Invalid request: the parameters cannot be read.");
  const { id = "" } = request.params as { id?: string };
  const given = request.headers["idempotency-key"];
  if (operation.verb !== "POST" || typeof given !== "string")
    return { account, operation, tree, id, key: null };
  if (given.length > keyMax) throw invalid("", `Idempotency keys have at most ${keyMax} characters.`);
  const fingerprint = fingerprintOf(operation.verb, path, tree);
  return { account, operation, tree, id, key: { id: replayId(account.id, given), fingerprint } };
}

/** Connect is not simulated: a key acts for its own account, and for no other by mistake. */
function noAccess(accountId: string): StripeRefusal {
  const message = `The provided key does not have access to account '${accountId}' (or it does not exist).`;
  const refusal = {
    status: 403,
    type: "invalid_request_error",
    code: "account_invalid",
    begun: false,
  } as const;
  return new StripeRefusal({ ...refusal, message });
}

async function disturbed(deps: GatewayDeps, call: Admitted): Promise<{ answer: Answer; passage: Passage }> {
  const { account, operation, tree, id, key } = call;
  const outTradeNo = await orderNoIn(deps.store, id, tree);
  const context = { outTradeNo, appId: account.id, method: operation.name };
  const passed = await interfere(deps, words, context, () => carryOut(deps, call));
  const { answer, passage } = passed;
  // A 500 is remembered like any answer: the key never says anything else again, whatever was carried out.
  if (key && answer.status === 500 && passage.ending !== "cut") {
    await transact(deps, ({ tx, now }) =>
      keepReplay(tx, { ...key, status: 500, body: answer.body, createdAt: now }),
    );
  }
  return passed;
}

async function carryOut(deps: GatewayDeps, call: Admitted): Promise<Answer> {
  try {
    return await inOneTransaction(deps, call);
  } catch (error) {
    if (error instanceof StripeRefusal) return errorAnswer(error.refusal);
    throw error;
  }
}

/**
 * Carries a call out and keeps its answer, so that a crash leaves both or none. What is refused before it was
 * begun is thrown, and leaves nothing.
 */
function inOneTransaction(deps: GatewayDeps, call: Admitted): Promise<Answer> {
  const { account, operation, key, id } = call;
  return transact(deps, async (unit) => {
    if (key) {
      const known = await replayOf(unit.tx, unit.now, key.id, key.fingerprint);
      if (known && "begun" in known) return errorAnswer(known);
      if (known) return { status: known.replay.status, body: known.replay.body, begun: true, replayed: true };
    }
    const params = new Params(call.tree);
    let answer: Answer;
    try {
      const carried = await operation.carryOut({ account, unit, params, id, url: deps.url() });
      answer = answerOf(carried.status, carried.body);
    } catch (error) {
      if (!(error instanceof StripeRefusal) || !error.refusal.begun) throw error;
      answer = errorAnswer(error.refusal);
    }
    if (key && answer.begun) {
      const { status, body } = answer;
      await keepReplay(unit.tx, { ...key, status, body, createdAt: unit.now });
    }
    return answer;
  });
}

function asAnswer(deps: GatewayDeps, operation: Operation, error: unknown): Answer {
  if (error instanceof StripeRefusal) return errorAnswer(error.refusal);
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  deps.log(`${operation.verb} ${operation.path}: ${told}`);
  return errorAnswer(apiError);
}
