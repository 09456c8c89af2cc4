import type { FastifyReply } from "fastify";
import { type SandboxClock, type SandboxRandom, sleep } from "../clock.ts";
import type { SandboxStore } from "../store/index.ts";
import { type FaultContext, numberParam, textParam } from "./model.ts";
import { type ArmedFaults, anyArmed, armedFaults } from "./service.ts";

// What the faults of calls do, for every channel alike; a channel only says how it puts a refusal.

export type InterferenceDeps = { store: SandboxStore; clock: SandboxClock; random: SandboxRandom };

/** How an answer reaches the merchant: after a wait, as it is, as an HTTP error, or not at all. */
export type Passage = { waitMs: number; ending: "sent" | "cut" | "status"; status: number };

export type Passed<A> = { answer: A; passage: Passage };

/** A channel's own words for what faults make it say. */
export type Words<A> = {
  rateRefusal: () => A;
  /** It does not know; `form` is the fault's parameter. */
  unknown: (form: string) => A;
  /** Whether the answer says that the call was carried out. */
  succeeded: (answer: A) => boolean;
};

/** What the faults make of a call before anybody knows its answer. */
type Plan<A> = {
  delayMs: number;
  carriedOut: boolean;
  /** Instead of the call's own answer. */
  instead: A | null;
  passage: Passage;
};

/** The undisturbed way. */
export const sent: Passage = { waitMs: 0, ending: "sent", status: 200 };
const undisturbed = { delayMs: 0, carriedOut: true, instead: null, passage: sent };
const defaultForm = "20000";

/** Carries a call out as the armed faults let it. */
export async function interfere<A>(
  deps: InterferenceDeps,
  words: Words<A>,
  context: FaultContext,
  carryOut: () => Promise<A>,
): Promise<Passed<A>> {
  if (!(await anyArmed(deps.store))) return { answer: await carryOut(), passage: sent };
  const plan = await withFaults(deps, (armed) => planOf(armed, words, context));
  if (plan.delayMs > 0) await sleep(deps.clock, plan.delayMs);
  const own = plan.carriedOut ? await carryOut() : words.unknown(defaultForm);
  const answer = plan.instead ?? own;
  if (plan.passage.ending !== "sent" || !words.succeeded(answer)) return { answer, passage: plan.passage };
  const lost = await withFaults(deps, (armed) => armed.take("answer_lost_after_success", context));
  return { answer, passage: lost ? cut(numberParam(lost, "ms")) : plan.passage };
}

/** Ends the connection without an answer. */
export function loseAnswer(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.destroy();
  return reply;
}

async function planOf<A>(armed: ArmedFaults, words: Words<A>, context: FaultContext): Promise<Plan<A>> {
  const timeout = await armed.take("timeout_before", context);
  if (timeout) return { ...undisturbed, carriedOut: false, passage: cut(numberParam(timeout, "ms")) };
  if (await armed.take("rate_refusal", context)) {
    return { ...undisturbed, carriedOut: false, instead: words.rateRefusal() };
  }
  const plan: Plan<A> = { ...undisturbed };
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
  const instead = words.unknown(textParam(system, "form"));
  return { ...plan, carriedOut: system.params.executed === true, instead };
}

function withFaults<R>(deps: InterferenceDeps, decide: (armed: ArmedFaults) => Promise<R>): Promise<R> {
  return deps.store.transaction(async (tx) => decide(await armedFaults(tx, deps.random)));
}

function cut(waitMs: number): Passage {
  return { waitMs, ending: "cut", status: 0 };
}
