import type { FastifyReply } from "fastify";
import { sleep } from "../clock.ts";
import {
  armedFaults,
  type Fault,
  type FaultContext,
  type FaultKind,
  numberParam,
  textParam,
} from "../faults/index.ts";
import { refusalAnswer } from "./biz.ts";
import type { AlipayDeps } from "./context.ts";
import { type Answer, failure } from "./wire/answer.ts";

/** What happens to an answer on its way: after a wait it is sent after all, cut off, or replaced by an HTTP error. */
export type Interference = { waitMs: number; then: "send" | "cut" | "status"; status: number };

type Done = { answer: Answer; interference: Interference | null };

/** Carries a call out as the armed faults let it. */
export async function interfere(
  deps: AlipayDeps,
  context: FaultContext,
  carryOut: () => Promise<Answer>,
): Promise<Done> {
  const take = taker(deps, context);
  const timeout = await take("timeout_before");
  if (timeout) return unanswered(numberParam(timeout, "ms"));
  if (await take("rate_refusal")) {
    return { answer: failure("40005", "isv.app-call-limited", "应用调用次数超限"), interference: null };
  }
  const slow = await take("slow");
  if (slow && textParam(slow, "when") === "before") await sleep(deps.clock, numberParam(slow, "ms"));
  const broken = await take("http_5xx");
  if (broken) {
    if (broken.params["executed"] === true) await carryOut();
    const status = Math.min(Math.max(numberParam(broken, "status"), 500), 599);
    return { answer: unknown(), interference: { waitMs: 0, then: "status", status } };
  }
  const system = await take("system_error");
  if (system) {
    if (system.params["executed"] === true) await carryOut();
    const answer = textParam(system, "form") === "acq" ? refusalAnswer("ACQ.SYSTEM_ERROR") : unknown();
    return { answer, interference: null };
  }

  const answer = await carryOut();
  if (answer.code === "10000" || answer.code === "10003") {
    const lost = await take("answer_lost_after_success");
    if (lost) return unanswered(numberParam(lost, "ms"));
  }
  const waitMs = slow && textParam(slow, "when") === "after" ? numberParam(slow, "ms") : 0;
  return { answer, interference: waitMs > 0 ? { waitMs, then: "send", status: 200 } : null };
}

/** Ends the connection without an answer. */
export function loseAnswer(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.destroy();
  return reply;
}

function taker(deps: AlipayDeps, context: FaultContext): (kind: FaultKind) => Promise<Fault | undefined> {
  return (kind) =>
    deps.store.transaction(async (tx) => (await armedFaults(tx, deps.random)).take(kind, context));
}

function unanswered(ms: number): Done {
  return { answer: unknown(), interference: { waitMs: ms, then: "cut", status: 0 } };
}

function unknown(): Answer {
  return failure("20000", "isp.unknow-error", "系统繁忙");
}
