/**
 * HTTP/1.1 for a load generator: keep-alive sockets, one request in flight on each, answers read with the
 * least work that still reads them. Everything that this costs is taken from what it measures.
 */
import { connect, type Socket } from "node:net";

export type Reply = { readonly status: number; readonly body: string };

type Waiting = { readonly request: Buffer | string; readonly done: (reply: Reply) => void };

export type Lanes = {
  /** Sends when a socket is free, in the order of the calls; `status` 0 when the connection broke. */
  send(request: Buffer | string, done: (reply: Reply) => void): void;
  readonly queued: () => number;
  close(): void;
};

/** Opens at most `size` sockets to a host. */
export function openLanes(host: string, port: number, size: number): Lanes {
  const free: Lane[] = [];
  const all: Lane[] = [];
  const queue: Waiting[] = [];
  let head = 0;
  let closed = false;

  const next = (lane: Lane) => {
    const waiting = queue[head];
    if (waiting === undefined) {
      free.push(lane);
      return;
    }
    head += 1;
    if (head > 4_096 && head * 2 > queue.length) {
      queue.splice(0, head);
      head = 0;
    }
    lane.send(waiting.request, waiting.done);
  };
  for (let i = 0; i < size; i += 1) {
    const lane = new Lane(host, port, next, () => closed);
    all.push(lane);
    free.push(lane);
  }
  return {
    send: (request, done) => {
      const lane = free.pop();
      if (lane === undefined) queue.push({ request, done });
      else lane.send(request, done);
    },
    queued: () => queue.length - head,
    close: () => {
      closed = true;
      for (const lane of all) lane.close();
    },
  };
}

const HEADERS_END = "\r\n\r\n";
const LENGTH = /content-length: (\d+)/i;

class Lane {
  private socket: Socket | null = null;
  private text = "";
  private done: ((reply: Reply) => void) | null = null;
  private readonly host: string;
  private readonly port: number;
  private readonly onFree: (lane: Lane) => void;
  private readonly isClosed: () => boolean;

  constructor(host: string, port: number, onFree: (lane: Lane) => void, isClosed: () => boolean) {
    this.host = host;
    this.port = port;
    this.onFree = onFree;
    this.isClosed = isClosed;
  }

  send(request: Buffer | string, done: (reply: Reply) => void): void {
    this.done = done;
    this.socket ??= this.open();
    this.socket.write(request);
  }

  close(): void {
    this.socket?.destroy();
  }

  private open(): Socket {
    const socket = connect({ host: this.host, port: this.port, noDelay: true });
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => this.read(chunk));
    const broken = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.text = "";
      if (!this.isClosed()) this.finish({ status: 0, body: "" });
    };
    socket.on("close", broken);
    socket.on("error", () => {});
    return socket;
  }

  private read(chunk: string): void {
    this.text = this.text === "" ? chunk : this.text + chunk;
    const end = this.text.indexOf(HEADERS_END);
    if (end < 0) return;
    const length = Number(LENGTH.exec(this.text.slice(0, end))?.[1] ?? 0);
    const from = end + HEADERS_END.length;
    if (this.text.length < from + length) return;
    const reply = { status: Number(this.text.slice(9, 12)), body: this.text.slice(from, from + length) };
    this.text = "";
    this.finish(reply);
  }

  private finish(reply: Reply): void {
    const { done } = this;
    this.done = null;
    if (done === null) return;
    done(reply);
    this.onFree(this);
  }
}

/** The bytes of a POST with a JSON body. */
export function postRequest(host: string, path: string, key: string | null, body: string): string {
  const authorization = key === null ? "" : `authorization: Bearer ${key}\r\n`;
  return (
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n${authorization}content-type: application/json\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

/** The bytes of a GET. */
export function getRequest(host: string, path: string, key: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${key}\r\n\r\n`;
}
