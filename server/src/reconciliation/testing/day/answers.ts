/** What was found, as the answer key says it. */
import type { Finding } from "../../model.ts";
import type { Answer } from "./telling.ts";

export function answerOf(finding: Finding): Answer {
  const row = JSON.parse(finding.theirs ?? finding.ours ?? "{}") as { channel_trade_no: string };
  return {
    kind: finding.kind,
    channelDate: finding.channelDate,
    tradeNo: row.channel_trade_no,
    settle: finding.settleDifference,
    fee: finding.feeDifference,
    pending: finding.pending,
  };
}

export function shown({ kind, channelDate, tradeNo, settle, fee, pending }: Answer): string {
  return `${kind} ${channelDate} ${tradeNo} ${settle} ${fee}${pending ? " pending" : ""}`;
}
