import type { FastifyReply } from "fastify";
import { sleep } from "../clock.ts";
import {
  type ArmedFaults,
  anyArmed,
  armedFaults,
  type FaultContext,
  numberParam,
  textParam,
} from "../faults/index.ts";
import { refusalAnswer } from "./biz.ts";
import type { AlipayDeps } from "./context.ts";
import { type Answer, failure } from "./wire/answer.ts";

/** How an answer reaches the merchant: after a wait, as it is, as an HTTP error, or not at all. */
export type Passage = { waitMs: number; ending: "sent" | "cut" | "status"; status: number };

export type Passed = { answer: Answer; passage: Passage };

/** What the faults make of a call before anybody knows its answer. */
type Plan = {
  delayMs: number;
  carriedOut: boolean;
  /** Instead of the call's own answer. */
  instead: Answer | null;
  passage: Passage;
};

/** The undisturbed way. */
export const sent: Passage = { waitMs: 0, ending: "sent", status: 200 };
const undisturbed: Plan = { delayMs: 0, carriedOut: true, instead: null, passage: sent };

/** Carries a call out as the armed faults let it. */
export async function interfere(
  deps: AlipayDeps,
  context: FaultContext,
  carryOut: () => Promise<Answer>,
): Promise<Passed> {
  if (!(await anyArmed(deps.store))) return { answer: await carryOut(), passage: sent };
  const plan = await withFaults(deps, (armed) => planOf(armed, context));
  if (plan.delayMs > 0) await sleep(deps.clock, plan.delayMs);
  const own = plan.carriedOut ? await carryOut() : unknown();
  const answer = plan.instead ?? own;
  if (plan.passage.ending !== "sent" || (answer.code !== "10000" && answer.code !== "10003")) {
    return { answer, passage: plan.passage };
  }
  const lost = await withFaults(deps, (armed) => armed.take("answer_lost_after_success", context));
  return { answer, passage: lost ? cut(numberParam(lost, "ms")) : plan.passage };
}

/** Ends the connection without an answer. */
export function loseAnswer(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.destroy();
  return reply;
}

async function planOf(armed: ArmedFaults, context: FaultContext): Promise<Plan> {
  const timeout = await armed.take("timeout_before", context);
  if (timeout) return { ...undisturbed, carriedOut: false, passage: cut(numberParam(timeout, "ms")) };
  if (await armed.take("rate_refusal", context)) {
    const instead = failure("40005", "isv.app-call-limited", "应用调用次数超限");
    return { ...undisturbed, carriedOut: false, instead };
  }
  const plan = { ...undisturbed };
  const slow = await armed.take("slow", context);
  if (slow && textParam(slow, "when") === "before") plan.delayMs = numberParam(slow, "ms");
  if (slow && textParam(slow, "when") === "after")
    plan.passage = { ...sent, waitMs: numberParam(slow, "ms") };
  const broken = await armed.take("http_5xx", context);
  if (broken) {
    const status = Math.min(Math.max(numberParam(broken, "status"), 500), 599);
    const passage: Passage = { ...plan.passage, ending: "status", status };
    return { ...plan, carriedOut: broken.params.executed === true, passage };
  }
  const system = await armed.take("system_error", context);
  if (!system) return plan;
  const instead = textParam(system, "form") === "acq" ? refusalAnswer("ACQ.SYSTEM_ERROR") : unknown();
  return { ...plan, carriedOut: system.params.executed === true, instead };
}

function withFaults<R>(deps: AlipayDeps, decide: (armed: ArmedFaults) => Promise<R>): Promise<R> {
  return deps.store.transaction(async (tx) => decide(await armedFaults(tx, deps.random)));
}

function cut(waitMs: number): Passage {
  return { waitMs, ending: "cut", status: 0 };
}

function unknown(): Answer {
  return failure("20000", "isp.unknow-error", "系统繁忙");
}
