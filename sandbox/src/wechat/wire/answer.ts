import { type Code, refusals, type WechatRefusal } from "./refusals.ts";

/** An answer before it is signed. `file` is a download, which is never signed. */
export type Answer =
  | { status: number; body: object | null; file?: undefined }
  | { status: 200; body: null; file: { content: Buffer; type: string } };

export function ok(body: object): Answer {
  return { status: 200, body };
}

export const noContent: Answer = { status: 204, body: null };

/** `{ code, message, detail? }` with the code's status. */
export function errorAnswer(
  code: Code,
  message: string = refusals[code][1],
  detail: object | null = null,
): Answer {
  return { status: refusals[code][0], body: { code, message, ...(detail && { detail }) } };
}

export function answerOf(error: WechatRefusal): Answer {
  return errorAnswer(error.code, error.message, error.detail);
}
