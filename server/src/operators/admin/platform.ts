import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import { isRunning, readOwner } from "../../kernel/host/owner.ts";
import type { ApiRequest, Json, JsonObject } from "./model.ts";

/** Where the platform is and who asks. */
export type Platform = { readonly url: string; readonly token: string };

/** A sentence for the person at the terminal; the program ends with it. */
export class AdminStopped extends Error {
  override readonly name = "AdminStopped";
}

export type Whereabouts = {
  readonly dataDir: string;
  /** From the environment. */
  readonly operatorKey: string | null;
  readonly url: string | undefined;
  readonly token: string | undefined;
};

/** The platform named by the flags, else the one that runs over the data folder. Throws `AdminStopped`. */
export function findPlatform(where: Whereabouts): Platform {
  const url = where.url ?? runningUrl(where.dataDir);
  const token = where.token ?? where.operatorKey ?? storedKey(where.dataDir);
  if (token === null) {
    throw new AdminStopped(
      "No operator's token: give one as --token, set TRIBUTARY_OPERATOR_KEY, or run this where " +
        `${where.dataDir} is.`,
    );
  }
  return { url: url.replace(/\/+$/, ""), token };
}

function runningUrl(dataDir: string): string {
  const owner = readOwner(dataDir);
  if (owner === null || !isRunning(owner)) {
    throw new AdminStopped(
      `No platform runs over ${dataDir}. Start it with npm start, or name another one with --url.`,
    );
  }
  if (owner.base_url === undefined) {
    throw new AdminStopped("The platform is still starting. Try again when it is ready.");
  }
  return owner.base_url;
}

function storedKey(dataDir: string): string | null {
  try {
    const secrets = JSON.parse(readFileSync(join(dataDir, "secrets.json"), "utf8")) as {
      operator_key?: unknown;
    };
    return typeof secrets.operator_key === "string" ? secrets.operator_key : null;
  } catch {
    return null;
  }
}

const ANSWER_TIMEOUT_MS = 60_000;

/** Asks the platform. Throws `AdminStopped` with the problem in words, and what to do about it. */
export async function ask(clock: Clock, platform: Platform, request: ApiRequest): Promise<JsonObject> {
  const url = new URL(platform.url + request.path);
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, plain(value));
  }
  const { status, text } = await send(clock, platform, request, url);
  const body = parse(text);
  if (status < 300 && body !== null) return body;
  throw new AdminStopped(body === null ? notOurs(platform, status) : inWords(body));
}

async function send(
  clock: Clock,
  platform: Platform,
  request: ApiRequest,
  url: URL,
): Promise<{ status: number; text: string }> {
  const giveUp = new AbortController();
  const inTime = clock.after(ANSWER_TIMEOUT_MS, () => giveUp.abort());
  try {
    const answer = await fetch(url, {
      method: request.method,
      headers: {
        authorization: `Bearer ${platform.token}`,
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      signal: giveUp.signal,
    });
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    const why = cause?.code ?? message;
    throw new AdminStopped(`${platform.url} does not answer (${why}). Does the platform run there?`);
  } finally {
    inTime();
  }
}

function parse(text: string): JsonObject | null {
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}

function notOurs(platform: Platform, status: number): string {
  return `${platform.url} answered ${status} with no JSON. Is that the platform's address?`;
}

function inWords(problem: JsonObject): string {
  const { title, detail, field, remedy, code, request_id: requestId, faults } = problem;
  const faultLines = Array.isArray(faults)
    ? (faults as JsonObject[]).map((fault) => `  ${plain(fault.field)}: ${plain(fault.detail)}`)
    : [];
  const where = field === undefined ? "" : `${plain(field)}: `;
  const first = detail === undefined ? [] : [`  ${where}${plain(detail)}`];
  return [
    `${plain(title)} (${plain(code)}).`,
    ...(faultLines.length > 0 ? faultLines : first),
    `  ${plain(remedy)}`,
    `  Request ${plain(requestId)}`,
  ].join("\n");
}

function plain(value: Json | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}
