/** JSON over HTTP, for what no client library covers: the operators' API and the sandbox. */

/** An answer that is not 2xx. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Call = <Answer>(method: string, path: string, body?: unknown) => Promise<Answer>;

const TIMEOUT_MS = 60_000;

/**
 * Calls to one server. The shape of an answer is the caller's word. Throws `Refused`, or a TypeError when
 * nobody answers.
 */
export function callerOf(baseUrl: string, token?: string): Call {
  return async <Answer>(method: string, path: string, body?: unknown) => {
    const answer = await fetch(baseUrl + path, {
      method,
      headers: {
        accept: "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Refused(answer.status, `${method} ${path} answered ${answer.status}: ${text}`);
    return (text === "" ? null : JSON.parse(text)) as Answer;
  };
}
