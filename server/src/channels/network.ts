/**
 * How a channel account reaches its channel. Its connections are its own: what is slow on one account is not
 * in the way of another, even at the same address.
 */
export type ChannelNetwork = {
  /** Whose connections: the channel account's id. */
  readonly owner: string;
  /** `http://host:port` of a proxy that opens tunnels by CONNECT; null: none. */
  readonly proxyUrl: string | null;
  /** Sockets to one origin; further requests wait their turn within their own time-out. */
  readonly connectionsMax: number;
  /** When an attempt to connect is given up; through a proxy TLS has as long again. */
  readonly connectTimeoutMs: number;
};
