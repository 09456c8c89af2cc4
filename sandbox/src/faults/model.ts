import type { Collection } from "../store/index.ts";
import { faultKinds, type Param } from "./kinds.ts";

// Fault   an instruction to misbehave: what kind, for whom (match), how often (rate), how many times (count)
// Armed   not yet used up

export type FaultKind = keyof typeof faultKinds;

/** What a fault may be limited to; a field that is absent matches everything. */
export type FaultMatch = { outTradeNo?: string; appId?: string; mchid?: string; method?: string };

export type Fault = {
  id: string;
  kind: FaultKind;
  match: FaultMatch;
  /** How often it happens where it matches, 0 to 1. */
  rate: number;
  /** How many times it may still happen; null is without end. */
  remaining: number | null;
  params: Record<string, string | number | boolean>;
  happened: number;
  createdAt: Date;
};

/** Where a fault could happen: the call or message at hand. */
export type FaultContext = {
  outTradeNo: string | null;
  appId: string;
  /** WeChat's merchant; Alipay's calls have none. */
  mchid?: string;
  method: string;
};

export const faults: Collection<Fault> = {
  name: "faults",
  id: (fault) => fault.id,
  keys: {},
  group: null,
  dueAt: null,
};

/** Whether the fault is about this place (its rate aside). */
export function matches(fault: Fault, kind: FaultKind, context: FaultContext): boolean {
  const { outTradeNo, appId, mchid, method } = fault.match;
  return (
    fault.kind === kind &&
    (fault.remaining === null || fault.remaining > 0) &&
    (outTradeNo === undefined || outTradeNo === context.outTradeNo) &&
    (appId === undefined || appId === context.appId) &&
    (mchid === undefined || mchid === context.mchid) &&
    (method === undefined || method === context.method)
  );
}

/** A numeric parameter of the fault, or its kind's default. */
export function numberParam(fault: Fault, name: string): number {
  const value = fault.params[name] ?? defaultOf(fault, name);
  return typeof value === "number" ? value : 0;
}

/** A parameter of the fault as text, or its kind's default. */
export function textParam(fault: Fault, name: string): string {
  return String(fault.params[name] ?? defaultOf(fault, name) ?? "");
}

/** Whether the fault carries this parameter itself. */
export function hasParam(fault: Fault, name: string): boolean {
  return fault.params[name] !== undefined;
}

function defaultOf(fault: Fault, name: string): string | number | boolean | undefined {
  const params = faultKinds[fault.kind].params as Record<string, Param>;
  return params[name]?.default;
}
