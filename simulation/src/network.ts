/**
 * Messages between the parts of a simulated world. Each way is an event; the seed decides what becomes of it.
 */
import type { ChannelHttp } from "../../server/src/channels/index.ts";
import { MESSAGE_FATES, type MessageFate } from "./fates.ts";
import { callNamed, messageNamed } from "./points.ts";
import type { Owner, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

export type Request = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
};
export type Response = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** Whoever answers requests; rejects when the connection breaks. */
export type Place = (request: Request) => Promise<Response>;

export type NetworkDeps = {
  readonly scheduler: Scheduler;
  readonly weather: Weather;
};

/** No answer came. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  /** True: not one byte of the request left. */
  readonly notSent: boolean;

  constructor(reason: string, notSent = false) {
    super(reason);
    this.notSent = notSent;
  }
}

export type Sending = {
  readonly from: Owner;
  readonly label: string;
  readonly to: Place;
  readonly request: Request;
  readonly timeoutMs: number;
  /** Null where only the message can go wrong. */
  readonly sender: Sender | null;
};

/** A process of the platform. */
export type Sender = {
  die(why: string): void;
  /** It does nothing for longer than any of its leases. */
  standStill(): void;
};

/** Sends a request; rejects with `NoAnswer`. Of a sender that dies nothing is heard any more. */
export function send(deps: NetworkDeps, sending: Sending): Promise<Response> {
  const { scheduler, weather } = deps;
  const { from, label, to, request } = sending;
  const fate = fateOf(weather.message(messageNamed(label)), sending);
  if (fate !== "fine") weather.tally.add("messages", `${MESSAGE_FATES[fate]} ${messageNamed(label)}`);
  return new Promise((resolve, reject) => {
    let settled = false;
    const settle = (act: () => void) => {
      if (settled) return;
      settled = true;
      cancel();
      act();
    };
    const fail = (reason: string, notSent = false) => settle(() => reject(new NoAnswer(reason, notSent)));
    const cancel = scheduler.event(from, `time-out of ${label}`, sending.timeoutMs, () =>
      fail(`no answer within ${sending.timeoutMs} ms`),
    );
    const answered = (response: Response) => {
      if (fate === "answer_awaited") return;
      scheduler.event(from, `answer to ${label}`, weather.wayMs(), ({ note }) => {
        note(String(response.status));
        if (fate === "answer_lost") fail("the connection was reset");
        else settle(() => resolve(response));
      });
    };
    const broken = (error: unknown) => {
      scheduler.event(from, `no answer to ${label}`, weather.wayMs(), () =>
        fail(error instanceof Error ? error.message : String(error), (error as NoAnswer).notSent === true),
      );
    };
    scheduler.event(from, label, weather.wayMs(), ({ note }) => {
      if (settled) return;
      if (fate !== "fine") note(`(${fate})`);
      if (fate === "not_sent") {
        fail("connect ECONNREFUSED", true);
        return;
      }
      if (fate === "lost") return;
      to(request).then(answered, broken);
      if (fate === "crash_after_send") sending.sender?.die("after a send");
      if (fate === "stands_still") sending.sender?.standStill();
    });
  });
}

/** Whoever is no process of the platform does not die, and never stands still. */
function fateOf(fate: MessageFate, { sender }: Sending): MessageFate {
  return sender === null && (fate === "crash_after_send" || fate === "stands_still") ? "fine" : fate;
}

/** HTTP to channels for one process. */
export function channelHttpOver(
  deps: NetworkDeps,
  process: { readonly owner: Owner; readonly sender: Sender },
  channel: Place,
): ChannelHttp & { close(): Promise<void> } {
  return {
    request: async ({ url, method, headers, body, timeoutMs }) => {
      try {
        const response = await send(deps, {
          from: process.owner,
          label: `call ${callNamed(method, url, body)}`,
          to: channel,
          request: { url, method, headers, body },
          timeoutMs,
          sender: process.sender,
        });
        return { end: "response", ...response };
      } catch (error) {
        const { message, notSent } = error as NoAnswer;
        return { end: notSent ? "not_sent" : "unknown", reason: message };
      }
    },
    close: async () => {},
  };
}
