import type { Clock, Random } from "../kernel/clock.ts";
import type { ChannelNetwork } from "./network.ts";

export type ClientCertificate = { readonly key: string; readonly cert: string };

/** HTTP to channels. Tells precisely whether a request was sent. */
export type ChannelHttp = {
  request(request: {
    readonly url: string;
    readonly method: "GET" | "POST";
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
    readonly timeoutMs: number;
    /** The account's own, from its context. */
    readonly network?: ChannelNetwork | undefined;
    /** A larger answer is cut off and reported as broken. */
    readonly responseBytesMax: number;
    /** PEM; shown to a server that demands one (mutual TLS). */
    readonly clientCertificate?: ClientCertificate;
  }): Promise<
    | {
        readonly end: "response";
        readonly status: number;
        readonly headers: Readonly<Record<string, string>>;
        readonly body: Buffer;
      }
    /** Not one byte of the request left: it can be repeated safely. */
    | { readonly end: "not_sent"; readonly reason: string }
    /** It may have arrived. */
    | { readonly end: "unknown"; readonly reason: string }
  >;
};

/** What a channel's factory is given. */
export type ChannelDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly http: ChannelHttp;
};
