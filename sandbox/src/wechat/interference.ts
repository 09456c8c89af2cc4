import type { Words } from "../faults/index.ts";
import { type Answer, errorAnswer } from "./wire/answer.ts";

/** What WeChat Pay says where a fault makes it refuse or not know. */
export const wechatWords: Words<Answer> = {
  rateRefusal: () => errorAnswer("FREQUENCY_LIMITED", "频率超限，请稍后重试"),
  unknown: () => errorAnswer("SYSTEM_ERROR", "系统异常，请用相同参数重新调用"),
  // That a thing is not there is the whole answer to a query, and can be lost like any other.
  succeeded: ({ status }) => status < 300 || status === 404,
};
