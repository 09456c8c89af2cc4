/**
 * HTTP/1.1 for a load generator: keep-alive sockets, one request in flight on each, answers read with the
 * least work that still reads them. Everything that this costs is taken from what it measures.
 */
import { connect, type Socket } from "node:net";

/**
 * Takes an answer. `text` is the whole answer, headers first; `status` 0 and an empty text when the
 * connection broke.
 */
export type OnReply<Context> = (context: Context, status: number, text: string) => void;

export type Lanes = {
  /** Sends when a socket is free, in the order of the calls. */
  send<Context>(request: string, onReply: OnReply<Context>, context: Context): void;
  /** Requests that wait for a socket. */
  readonly queued: () => number;
  close(): void;
};

type Waiting = {
  readonly request: string;
  readonly onReply: OnReply<unknown>;
  readonly context: unknown;
};

const READ_BYTES = 64 * 1_024;
const COMPACT_AT = 4_096;

/** Opens at most `size` sockets to a host, each when it is first needed. */
export function openLanes(host: string, port: number, size: number): Lanes {
  // One buffer serves every socket: what is read is turned into text before the next socket is read.
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const free: Lane[] = [];
  const all: Lane[] = [];
  const queue: Waiting[] = [];
  let head = 0;

  const onFree = (lane: Lane) => {
    const waiting = queue[head];
    if (waiting === undefined) {
      free.push(lane);
      return;
    }
    head += 1;
    if (head > COMPACT_AT && head * 2 > queue.length) {
      queue.splice(0, head);
      head = 0;
    }
    lane.send(waiting.request, waiting.onReply, waiting.context);
  };
  const open = (onData: (size: number) => boolean) =>
    connect({ host, port, noDelay: true, onread: { buffer, callback: onData } });
  const textOf = (length: number) => buffer.toString("latin1", 0, length);
  for (let i = 0; i < size; i += 1) {
    const lane = new Lane(open, textOf, onFree);
    all.push(lane);
    free.push(lane);
  }
  return {
    send: <Context>(request: string, given: OnReply<Context>, context: Context) => {
      // Kept beside its own context, and given back with it.
      const onReply = given as OnReply<unknown>;
      const lane = free.pop();
      if (lane === undefined) queue.push({ request, onReply, context });
      else lane.send(request, onReply, context);
    },
    queued: () => queue.length - head,
    close: () => {
      for (const lane of all) lane.close();
    },
  };
}

const HEADERS_END = "\r\n\r\n";
const STATUS_AT = 9;
const LENGTH = "content-length: ";

class Lane {
  #socket: Socket | null = null;
  #text = "";
  #onReply: OnReply<unknown> | null = null;
  #context: unknown = null;
  readonly #open: (onData: (size: number) => boolean) => Socket;
  readonly #textOf: (size: number) => string;
  readonly #onFree: (lane: Lane) => void;

  constructor(
    open: (onData: (size: number) => boolean) => Socket,
    textOf: (size: number) => string,
    onFree: (lane: Lane) => void,
  ) {
    this.#open = open;
    this.#textOf = textOf;
    this.#onFree = onFree;
  }

  send(request: string, onReply: OnReply<unknown>, context: unknown): void {
    this.#onReply = onReply;
    this.#context = context;
    this.#socket ??= this.#connect();
    this.#socket.write(request, "latin1");
  }

  close(): void {
    this.#onReply = null;
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const socket = this.#open((size) => {
      this.#read(this.#textOf(size));
      return true;
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#text = "";
      this.#finish(0, "");
    });
    return socket;
  }

  #read(chunk: string): void {
    const text = this.#text === "" ? chunk : this.#text + chunk;
    if (!isWhole(text)) {
      this.#text = text;
      return;
    }
    this.#text = "";
    this.#finish(Number(text.slice(STATUS_AT, STATUS_AT + 3)), text);
  }

  #finish(status: number, text: string): void {
    const onReply = this.#onReply;
    if (onReply === null) return;
    const context = this.#context;
    this.#onReply = null;
    this.#context = null;
    // Free before the answer is taken: what the answer leads to may use this very socket.
    this.#onFree(this);
    onReply(context, status, text);
  }
}

/** Whether a message's headers and all of its body have arrived. */
export function isWhole(text: string): boolean {
  return endOfMessage(text, 0) >= 0;
}

/** Where the message that begins at `from` ends, or -1 while it has not arrived. */
export function endOfMessage(text: string, from: number): number {
  const headersEnd = text.indexOf(HEADERS_END, from);
  if (headersEnd < 0) return -1;
  const end = headersEnd + HEADERS_END.length + contentLength(text, from, headersEnd);
  return text.length < end ? -1 : end;
}

const DIGIT_ZERO = 48;

/** The length that the headers name: in lower case, as both ends here write it, or as HTTP spells it. */
function contentLength(text: string, from: number, headersEnd: number): number {
  let at = text.indexOf(LENGTH, from);
  if (at < 0 || at > headersEnd) at = text.indexOf("Content-Length: ", from);
  if (at < 0 || at > headersEnd) return 0;
  let length = 0;
  for (let digit = at + LENGTH.length; ; digit += 1) {
    const value = text.charCodeAt(digit) - DIGIT_ZERO;
    if (!(value >= 0 && value <= 9)) return length;
    length = length * 10 + value;
  }
}
