import { type AcqCode, acqSentences, type Refusal } from "./machine/refusals.ts";
import { type Answer, failure } from "./wire/answer.ts";
import { parseYuan } from "./wire/money.ts";

/** Ends a call with a business refusal; the gateway makes the answer of it. */
export class BusinessRefusal extends Error {
  readonly code: AcqCode;
  readonly detail: string | undefined;

  constructor(code: AcqCode, detail?: string) {
    super(detail ?? code);
    this.code = code;
    this.detail = detail;
  }
}

/** The value of a step, or the end of the call. */
export function orRefuse<T extends object>(result: T | Refusal): T {
  if ("refused" in result) throw new BusinessRefusal(result.refused, result.detail);
  return result;
}

/** 40004 with the code's own sentence. */
export function refusalAnswer(code: AcqCode, detail?: string, fields: object = {}): Answer {
  return failure("40004", code, detail ? `${acqSentences[code]}: ${detail}` : acqSentences[code], fields);
}

/** The content of a call, read field by field; what is malformed ends the call with ACQ.INVALID_PARAMETER. */
export class Biz {
  readonly fields: Record<string, unknown>;

  constructor(fields: Record<string, unknown>) {
    this.fields = fields;
  }

  /** A text, or null when it is absent or empty; JSON numbers count as their text. */
  text(name: string, max: number): string | null {
    const value = this.fields[name];
    if (value === undefined || value === null || value === "") return null;
    const text = typeof value === "number" ? String(value) : value;
    if (typeof text !== "string" || text.length > max) throw invalid(name);
    return text;
  }

  required(name: string, max: number): string {
    const value = this.text(name, max);
    if (value === null) throw invalid(name);
    return value;
  }

  /** Fen of a required yuan amount. */
  yuan(name: string): bigint {
    const fen = parseYuan(this.fields[name]);
    if (fen === undefined) throw invalid(name);
    return fen;
  }

  list(name: string): string[] {
    const value = this.fields[name];
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
  }
}

export function invalid(name: string): BusinessRefusal {
  return new BusinessRefusal("ACQ.INVALID_PARAMETER", name);
}
