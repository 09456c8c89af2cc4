/** What is acknowledged to a channel, byte for byte. */
export type Acknowledgement = {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
};

/** A raw inbound HTTP request, bytes untouched: signatures are checked before anything is parsed. */
export type InboundRequest = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly query: string;
  readonly body: Buffer;
  readonly receivedAt: Date;
};
