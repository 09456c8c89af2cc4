/** UnionPay's response codes that the simulator gives, and the sentences it gives with them. */
export const respMessages = {
  "00": "success",
  "01": "交易失败",
  "03": "交易通讯超时，请发起查询交易",
  "04": "交易状态未明，请查询对账结果",
  "05": "交易已受理，请稍后查询交易结果",
  "06": "系统繁忙，请稍后再试",
  "10": "报文格式错误",
  "11": "验证签名失败",
  "12": "重复交易",
  "13": "报文交易要素缺失",
  "31": "商户状态不正确",
  "34": "查无此交易",
  "35": "原交易状态不正确",
  "36": "交易金额超限或与原交易不符",
  "37": "操作过于频繁",
  "39": "交易不在受理时间范围内",
  "61": "输入的卡号无效",
  "63": "卡状态不正确",
  "64": "卡上的余额不足",
  "65": "输入的密码、有效期或CVN2有误",
  "66": "持卡人身份信息或手机号不正确",
  "67": "密码输入次数超限",
  "68": "银行卡暂不支持该业务",
  "98": "文件不存在",
  "99": "通用错误",
} as const;

export type RespCode = keyof typeof respMessages;

/** Whether a text is a code that the simulator knows. */
export function isRespCode(text: string): text is RespCode {
  return Object.hasOwn(respMessages, text);
}

/** A business refusal: nothing changed. `detail` says what is wrong, where the code alone does not. */
export type Refusal = { refused: RespCode; detail?: string };

export function refusal(code: RespCode, detail?: string): Refusal {
  return detail === undefined ? { refused: code } : { refused: code, detail };
}

/** Ends a call with a refusal; the gateway makes the answer of it. */
export class UnionpayRefusal extends Error {
  readonly code: RespCode;
  readonly detail: string | undefined;

  constructor(code: RespCode, detail?: string) {
    super(detail ?? code);
    this.code = code;
    this.detail = detail;
  }

  /** The code's sentence, and in brackets what it is about. */
  get sentence(): string {
    return messageOf(this.code, this.detail);
  }
}

export function messageOf(code: RespCode, detail?: string): string {
  return detail === undefined ? respMessages[code] : `${respMessages[code]}[${detail}]`;
}

/** The value of a step, or the end of the call. */
export function orRefuse<T extends object>(result: T | Refusal): T {
  if ("refused" in result) throw new UnionpayRefusal(result.refused, result.detail);
  return result;
}
