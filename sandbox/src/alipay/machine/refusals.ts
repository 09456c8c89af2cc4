/** Alipay's business refusals and the sentences it gives with them. */
export const acqSentences = {
  "ACQ.SYSTEM_ERROR": "系统错误",
  "ACQ.INVALID_PARAMETER": "参数无效",
  "ACQ.ACCESS_FORBIDDEN": "无权限使用接口",
  "ACQ.CONTEXT_INCONSISTENT": "交易信息被篡改",
  "ACQ.TOTAL_FEE_EXCEED": "订单总金额超过限额",
  "ACQ.TRADE_NOT_EXIST": "交易不存在",
  "ACQ.TRADE_HAS_SUCCESS": "交易已被支付",
  "ACQ.TRADE_HAS_CLOSE": "交易已经关闭",
  "ACQ.TRADE_HAS_FINISHED": "交易已经完结",
  "ACQ.TRADE_STATUS_ERROR": "交易状态不合法",
  "ACQ.TRADE_CANCEL_TIME_OUT": "超过撤销时间范围",
  "ACQ.PAYMENT_AUTH_CODE_INVALID": "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款",
  "ACQ.BUYER_BALANCE_NOT_ENOUGH": "买家余额不足",
  "ACQ.SELLER_BALANCE_NOT_ENOUGH": "卖家余额不足",
  "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": "退款金额超限",
  "ACQ.ROYALTY_ACCOUNT_NOT_EXIST": "分账账户不存在",
  "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR": "分账金额验证失败",
  "ACQ.REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST": "退分账收入方账户不存在",
  "ACQ.DISCORDANT_REPEAT_REQUEST": "同一笔退款请求号退款金额不一致",
} as const;

export type AcqCode = keyof typeof acqSentences;

/** A business refusal: nothing changed. `detail` says what is wrong, where the code alone does not. */
export type Refusal = { refused: AcqCode; detail?: string };

export function refusal(code: AcqCode, detail?: string): Refusal {
  return detail === undefined ? { refused: code } : { refused: code, detail };
}
