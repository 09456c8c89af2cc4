/** What many seeds together must have come by of money that is split. */
import type { ShareDecision } from "../../server/src/sharing/decide.ts";
import type { BindingState } from "../../server/src/sharing/model.ts";
import { named, PASSING, type Reachable, times } from "./reachable.ts";

const shareDecisions: Reachable<ShareDecision> = {
  share_done: true,
  share_failed: true,
  already_known: true,
  // A channel takes back nothing that it said of a share.
  contradiction: false,
  open: true,
  unknown: true,
  not_sent: true,
  sent_again: true,
  refused: true,
};
const bindings: Reachable<BindingState> = {
  // Asked for again, unanswered, by somebody who then approves the other one.
  proposed: false,
  created: PASSING,
  bound: true,
  // The sandbox takes every receiver that is well-formed.
  failed: false,
};
/** What merchants' programs must have done and been answered. */
export const SHARES_ASKED_FOR = [
  "are given shares",
  ...times(
    ["are refused shares:"],
    ["payment_not_shareable", "receiver_not_available", "share_exceeds_payment", "invalid_request"],
  ),
  "ask again, unanswered: POST /v1/payments/pay/shares",
  "ask for other shares under a number",
  "ask for shares twice at once",
  "find no account that splits the order",
  "finish a splitting",
];
const SPLIT_BY = ["alipay, books", "alipay, channel", "wechat, books", "wechat, channel"];
/** In our own books nothing fails. */
const ENDS = [
  ...SPLIT_BY.map((way) => `${way}, succeeded`),
  "alipay, channel, failed",
  "wechat, channel, failed",
];
const SHARING_JOURNALS = [
  "share_booked",
  "share_done",
  "share_failed",
  "share_return_booked",
  "share_returned",
  "share_return_failed",
  "receiver_settled",
];
/** By group, as in the list of all. */
export const SHARES_EXPECTED: Readonly<Record<string, readonly string[]>> = {
  sharing: [
    ...times(["a contract splits:", "payments split:"], SPLIT_BY),
    "a receiver in calm weather",
    "a receiver in the storm: carried_out",
  ],
  shares: [...ENDS, "of a plan"],
  "returns of shares": ENDS,
  splittings: ["books", "channel"].flatMap((mode) => [`${mode}, finished`, `${mode}, finished, by itself`]),
  receivers: named(bindings),
  "decisions about shares": named(shareDecisions).map((name) => `…: ${name}`),
  journals: SHARING_JOURNALS,
};
