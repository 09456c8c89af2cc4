/** Channels, the contracts with them, and the budget of calls. */
export {
  type AccountOpening,
  type ChannelAccount,
  type ChannelAccountStatus,
  type Contract,
  type FundFlow,
  takes,
} from "./accounts/model.ts";
export { type ChannelAccountRoutesDeps, registerChannelAccounts } from "./accounts/routes.ts";
export type { ChannelAccounts, GivenContract } from "./accounts/service.ts";
export {
  type AlipayColumn,
  type AlipayFrame,
  createAlipay,
  readAlipayFrame,
} from "./alipay/index.ts";
export type { CallBudget, CallPriority } from "./budget.ts";
export { channelDateOf, channelDayEnd } from "./channel-day.ts";
export { type AccountCalls, type CallCounts, TOOK_MS_BOUNDS } from "./counts.ts";
export { createChannelHttp } from "./http.ts";
export { type Wallet, walletOf } from "./payment-codes.ts";
export type * from "./port.ts";
export { type Channels, type ChannelsDeps, createChannels } from "./service.ts";
export { notesOfOtherDay, withNotes } from "./statement-days.ts";
export { orFault, StatementFault } from "./statement-fault.ts";
export { decodedLine, namingNumber } from "./statement-text.ts";
export {
  presentStatementLine,
  StatementLineSchema,
  type StatementRoutesDeps,
  statementRoutes,
} from "./statements.ts";
export { createStripe } from "./stripe/index.ts";
export { createUnionpay } from "./unionpay/index.ts";
export { createWechat } from "./wechat/index.ts";
