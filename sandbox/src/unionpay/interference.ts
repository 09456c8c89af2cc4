import { type FaultContext, interfere, numberParam, type Passed, type Words } from "../faults/index.ts";
import { transact, type UnionpayDeps } from "./context.ts";
import { type Answer, answer } from "./wire/message.ts";
import { isRespCode, messageOf } from "./wire/resp-codes.ts";
import { isNearCut } from "./wire/time.ts";

/** What UnionPay says where a fault makes it refuse or not know. */
export const unionpayWords: Words<Answer> = {
  rateRefusal: () => answer("37"),
  unknown: (form) => answer(isRespCode(form) ? form : "99"),
  // That a transaction is not there is the whole answer to a query, and can be lost like any other.
  succeeded: ({ code }) => code === "00" || code === "05" || code === "34",
};

/** The calls that move money or ask about it: what is unclear while the clearing day is cut. */
const cutMethods = ["purchase.code", "void", "refund", "reversal", "query"];

/** Carries a call out as the armed faults let it, the cut of the clearing day included. */
export function interfereWith(
  deps: UnionpayDeps,
  context: FaultContext,
  carryOut: () => Promise<Answer>,
): Promise<Passed<Answer>> {
  return interfere(deps, unionpayWords, context, () => throughTheCut(deps, context, carryOut));
}

async function throughTheCut(
  deps: UnionpayDeps,
  context: FaultContext,
  carryOut: () => Promise<Answer>,
): Promise<Answer> {
  if (!cutMethods.includes(context.method)) return carryOut();
  const cut = await transact(deps, (unit) =>
    unit.armed.take("clearing_cut_over", context, (one) => isNearCut(unit.now, numberParam(one, "minutes"))),
  );
  if (!cut) return carryOut();
  const isQuery = context.method === "query";
  if (!isQuery && cut.params.executed === false) return answer("05");
  const own = await carryOut();
  if (own.code !== "00") return own;
  if (!isQuery) return answer("05");
  return { ...own, fields: { ...own.fields, origRespCode: "05", origRespMsg: messageOf("05") } };
}
