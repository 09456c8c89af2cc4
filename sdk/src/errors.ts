/** The platform's problem document (RFC 9457): https://www.rfc-editor.org/rfc/rfc9457 */
export type ProblemDocument = {
  readonly code: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly field?: string;
  readonly remedy?: string;
  readonly request_id?: string;
};

/** No answer came, or none that could be read. */
export const CONNECTION_FAILED = "connection_failed";

/**
 * A call that did not succeed. `code` is stable and listed in the platform's documentation;
 * `connection_failed` is ours: the platform could not be reached, or its answer was lost on the way.
 */
export class TributaryError extends Error {
  override readonly name = "TributaryError";
  readonly code: string;
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The field that is wrong, as written on the wire. */
  readonly field: string | null;
  /** What exactly is wrong this time. */
  readonly detail: string | null;
  /** What to do about it. */
  readonly remedy: string | null;
  /** Names this call to whoever runs the platform. */
  readonly requestId: string | null;
  /** Whether the same call, with the same number, may well succeed a little later. */
  readonly retryable: boolean;

  constructor(problem: ProblemDocument, options: { readonly cause?: unknown } = {}) {
    super(problem.detail ?? problem.title, options);
    this.code = problem.code;
    this.status = problem.status;
    this.field = problem.field ?? null;
    this.detail = problem.detail ?? null;
    this.remedy = problem.remedy ?? null;
    this.requestId = problem.request_id ?? null;
    this.retryable = problem.status === 0 || problem.status === 429 || problem.status >= 500;
  }
}

/**
 * The error that an answer stands for; answers of something between us and the platform are no problem
 * documents.
 */
export function errorOf(status: number, body: unknown, requestId: string | null): TributaryError {
  if (isProblem(body)) return new TributaryError({ ...body, status });
  const title = `the answer has status ${status} and is none of the platform's`;
  return new TributaryError({
    code: CONNECTION_FAILED,
    title,
    status,
    ...(requestId === null ? {} : { request_id: requestId }),
  });
}

function isProblem(body: unknown): body is ProblemDocument {
  const { code, title } = (body ?? {}) as { code?: unknown; title?: unknown };
  return typeof code === "string" && typeof title === "string";
}
