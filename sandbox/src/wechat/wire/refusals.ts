/** WeChat Pay's codes with their HTTP status and a sentence where no better one is at hand. */
export const refusals = {
  PARAM_ERROR: [400, "参数错误"],
  INVALID_REQUEST: [400, "无效请求"],
  SIGN_ERROR: [401, "签名错误"],
  NO_AUTH: [403, "商户无权限"],
  NOT_ENOUGH: [403, "基本账户余额不足，请充值后重新发起"],
  AMOUNT_OVERDUE: [400, "分账金额超限"],
  RULE_LIMIT: [403, "业务规则限制"],
  APPID_MCHID_NOT_MATCH: [400, "appid和mch_id不匹配"],
  MCH_NOT_EXISTS: [400, "商户号不存在"],
  ORDER_CLOSED: [400, "订单已关闭"],
  ORDERPAID: [400, "该订单已支付"],
  ORDER_NOT_EXIST: [404, "订单不存在"],
  RESOURCE_NOT_EXISTS: [404, "记录不存在"],
  NO_STATEMENT_EXIST: [404, "账单文件不存在"],
  STATEMENT_CREATING: [400, "账单生成中"],
  FREQUENCY_LIMITED: [429, "频率超限"],
  SYSTEM_ERROR: [500, "系统错误"],
} as const satisfies Record<string, readonly [status: number, sentence: string]>;

export type Code = keyof typeof refusals;

/** A business refusal: nothing changed. */
export type Refusal = { refused: Code; message?: string };

export function refusal(code: Code, message?: string): Refusal {
  return message === undefined ? { refused: code } : { refused: code, message };
}

/** Ends a call with an error; the gateway makes the answer of it. */
export class WechatRefusal extends Error {
  readonly code: Code;
  readonly detail: object | null;

  constructor(code: Code, message: string = refusals[code][1], detail: object | null = null) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}

/** The value of a step, or the end of the call. */
export function orRefuse<T extends object>(result: T | Refusal): T {
  if ("refused" in result) throw new WechatRefusal(result.refused, result.message);
  return result;
}

/** What to do with a field of the request that is missing or malformed. */
export function invalid(
  field: string,
  issue: string,
  location: "body" | "query" | "uri" = "body",
): WechatRefusal {
  return new WechatRefusal("PARAM_ERROR", `参数错误：${field} ${issue}`, { field, issue, location });
}
