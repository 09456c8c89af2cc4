import type { Words } from "../faults/index.ts";
import { refusalAnswer } from "./biz.ts";
import { type Answer, failure } from "./wire/answer.ts";

/** What Alipay says where a fault makes it refuse or not know. */
export const alipayWords: Words<Answer> = {
  rateRefusal: () => failure("40005", "isv.app-call-limited", "应用调用次数超限"),
  unknown: (form) =>
    form === "acq" ? refusalAnswer("ACQ.SYSTEM_ERROR") : failure("20000", "isp.unknow-error", "系统繁忙"),
  succeeded: (answer) => answer.code === "10000" || answer.code === "10003",
};
