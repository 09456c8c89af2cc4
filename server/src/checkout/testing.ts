import assert from "node:assert/strict";

export type ServerEvent = { readonly event: string; readonly data: string; readonly comment: string };

/** A stream of server-sent events, read as a browser does. */
export type EventStream = {
  readonly headers: Headers;
  /** The next event, or null when the stream has ended. */
  next(): Promise<ServerEvent | null>;
  /** The next state; what only says that the stream lives is passed over. */
  state(): Promise<any>;
  close(): void;
};

/** Opens one, and fails where the answer is none. */
export async function openEvents(url: string): Promise<EventStream> {
  const abort = new AbortController();
  const answer = await fetch(url, { headers: { accept: "text/event-stream" }, signal: abort.signal });
  assert.equal(answer.status, 200, url);
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = "";
  const next = async (): Promise<ServerEvent | null> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end >= 0) {
        const event = parse(text.slice(0, end));
        text = text.slice(end + 2);
        return event;
      }
      const { done, value } = await reader.read();
      if (done) return null;
      text += decoder.decode(value, { stream: true });
    }
  };
  return {
    headers: answer.headers,
    next,
    state: async () => {
      for (;;) {
        const event = await next();
        assert.ok(event !== null, "the stream ended");
        if (event.event === "state") return JSON.parse(event.data);
      }
    },
    close: () => abort.abort(),
  };
}

function parse(block: string): ServerEvent {
  const event = { event: "message", data: "", comment: "" };
  for (const line of block.split("\n")) {
    const [name, ...rest] = line.split(":");
    const value = rest.join(":").replace(/^ /, "");
    if (name === "") event.comment = value;
    if (name === "event") event.event = value;
    if (name === "data") event.data = value;
  }
  return event;
}
