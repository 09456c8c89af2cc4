import { Biz, invalid } from "../biz.ts";
import type { RoyaltyReturn } from "./model.ts";

/** What a refund names of receivers. */
export function royaltyReturnsOf(biz: Biz, outRequestNo: string): RoyaltyReturn[] {
  return objectsOf(biz, "refund_royalty_parameters").map((one) => ({
    outRequestNo,
    transOut: one.required("trans_out", 128),
    amount: one.yuan("amount"),
  }));
}

/** Whether the order is placed with its money frozen. */
export function isFrozen(biz: Biz): boolean {
  return extendOf(biz).text("royalty_freeze", 5) === "true";
}

/** The objects of a list; none where it is absent. */
export function objectsOf(biz: Biz, name: string): Biz[] {
  const list = biz.fields[name];
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw invalid(name);
  return list.map((one: unknown) => {
    if (typeof one !== "object" || one === null) throw invalid(name);
    return new Biz(one as Record<string, unknown>);
  });
}

/** `extend_params`; without fields where it is absent. */
export function extendOf(biz: Biz): Biz {
  const extend = biz.fields.extend_params;
  return new Biz(typeof extend === "object" && extend !== null ? (extend as Record<string, unknown>) : {});
}
