/**
 * As much of PostgreSQL's protocol as it takes to see transactions pass
 * (https://www.postgresql.org/docs/18/protocol-message-formats.html): typed messages, the statement that each
 * answer belongs to, and how many rows it wrote.
 */

/** One message as it came; `type` is its first byte as a letter, empty for the opening one without a type. */
export type Message = { readonly type: string; readonly bytes: Buffer };

/** Cuts a stream of bytes into messages; the client's first one has no type byte. */
export function createMessageReader(opening: boolean): (chunk: Buffer) => Message[] {
  let rest: Buffer = Buffer.alloc(0);
  let untyped = opening;
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const messages: Message[] = [];
    for (;;) {
      const head = untyped ? 0 : 1;
      if (rest.length < head + 4) return messages;
      const length = head + rest.readInt32BE(head);
      if (rest.length < length) return messages;
      messages.push({
        type: untyped ? "" : String.fromCharCode(rest[0] as number),
        bytes: rest.subarray(0, length),
      });
      untyped = false;
      rest = rest.subarray(length);
    }
  };
}

/** The C string that begins at `offset`, and where the next field begins. */
function stringAt(bytes: Buffer, offset: number): { text: string; next: number } {
  const end = bytes.indexOf(0, offset);
  return { text: bytes.toString("utf8", offset, end), next: end + 1 };
}

type Asked = { readonly name: string; readonly commit: boolean };

export type CommitSeen = { readonly writes: readonly string[] };

/**
 * Follows one session. The client side says when a COMMIT with something to commit is about to pass, the
 * server side when PostgreSQL has answered it.
 */
export function createSession() {
  const asked: Asked[] = [];
  const texts = new Map<string, string>();
  let writes = new Set<string>();

  const ask = (name: string, text: string): CommitSeen | null => {
    const word = /^\s*([a-z]+)/i.exec(text)?.[1]?.toLowerCase() ?? "";
    if (word === "begin") writes = new Set();
    asked.push({ name, commit: word === "commit" });
    return word === "commit" && writes.size > 0 ? { writes: [...writes].sort() } : null;
  };

  return {
    /** A message on its way to the server: the COMMIT it carries, if it is one that writes. */
    fromClient: ({ type, bytes }: Message): CommitSeen | null => {
      if (type === "Q") return ask("", stringAt(bytes, 5).text);
      if (type === "P") {
        const name = stringAt(bytes, 5);
        texts.set(name.text, stringAt(bytes, name.next).text);
      } else if (type === "B") {
        const portal = stringAt(bytes, 5);
        const { text: name } = stringAt(bytes, portal.next);
        return ask(name, texts.get(name) ?? "");
      }
      return null;
    },
    /** A message on its way back: the COMMIT that it says is done, if that wrote something. */
    fromServer: ({ type, bytes }: Message): CommitSeen | null => {
      const [present] = asked;
      if (type === "Z" && asked.length > 0) asked.shift();
      if (type !== "C" || present === undefined) return null;
      const tag = stringAt(bytes, 5).text;
      if (present.commit) return tag === "COMMIT" && writes.size > 0 ? { writes: [...writes].sort() } : null;
      if (/^(INSERT \d+|UPDATE|DELETE|MERGE) [1-9]/.test(tag)) writes.add(present.name);
      return null;
    },
  };
}
