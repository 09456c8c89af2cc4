/** API v2's codes with a sentence where no better one is at hand. */
export const v2Refusals = {
  APPID_MCHID_NOT_MATCH: "appid和mch_id不匹配",
  AUTH_CODE_INVALID: "每个二维码仅限使用一次，请刷新再试",
  AUTH_CODE_ERROR: "请扫描微信支付被扫条码/二维码",
  FREQUENCY_LIMITED: "频率限制，请稍后重试",
  LACK_PARAMS: "缺少参数",
  NOAUTH: "商户无权限",
  NOTENOUGH: "用户账号余额不足",
  ORDERCLOSED: "订单已关闭",
  ORDERNOTEXIST: "订单不存在",
  ORDERPAID: "订单已支付",
  ORDERREVERSED: "订单已撤销",
  OUT_TRADE_NO_USED: "商户订单号重复",
  PARAM_ERROR: "参数错误",
  REVERSE_EXPIRE: "订单无法撤销",
  SYSTEMERROR: "系统超时",
  TRADE_ERROR: "订单错误",
  USERPAYING: "需要用户输入支付密码",
} as const;

export type V2Code = keyof typeof v2Refusals;

/** Ends a rightly signed call with an `err_code`. */
export class V2Refusal extends Error {
  readonly code: V2Code;

  constructor(code: V2Code, message: string = v2Refusals[code]) {
    super(message);
    this.code = code;
  }
}

/** Ends a call whose caller is not known: a `return_code` of FAIL, which is not signed. */
export class V2Unheard extends Error {}
