/** What every chapter is given. */
import type { Tributary } from "@tributary/sdk";
import type { Checks } from "./checks.ts";
import type { BookAccount, ChannelAccount, Merchant, Office } from "./office.ts";
import type { Platform } from "./platform.ts";
import type { Receiver } from "./receiver.ts";
import type { Sandbox } from "./sandbox.ts";
import type { Story, Terms } from "./story.ts";
import type { Terminal } from "./terminal.ts";

/** A contract with a channel, and what makes the channel publish its bill of a day. */
export type Contract = {
  readonly name: string;
  readonly account: ChannelAccount;
  closeDay(date: string): Promise<unknown>;
};

export type Stage = {
  readonly terminal: Terminal;
  readonly checks: Checks;
  readonly platform: Platform;
  /** The merchant's own client. */
  readonly shop: Tributary;
  /** The operators' API. */
  readonly office: Office;
  readonly sandbox: Sandbox;
  readonly receiver: Receiver;
  readonly merchant: Merchant;
  /** The shop's contracts with the channels; a chapter may bring another. */
  readonly contracts: Contract[];
  /** What is undone when the story ends, however it ends; the last first. */
  readonly afterwards: (step: () => Promise<unknown>) => void;
  /** The merchant's book as it was before the story. */
  readonly booksBefore: readonly BookAccount[];
  readonly story: Story;
  /** The payment whose timeline is worth reading. */
  shown: { paymentId: string; why: string } | null;
};

/** Where a person reads a payment's whole story. */
export function timelineUrl(stage: Stage, paymentId: string): string {
  return `GET ${stage.platform.demo.base_url}/v1/payments/${paymentId}/timeline`;
}

/** What a contract costs, as the story reckons with it. */
export function termsOf(account: ChannelAccount): Terms {
  return {
    costMillionths: BigInt(account.cost_rate_millionths),
    costReturned: account.cost_returned_on_refund,
  };
}
