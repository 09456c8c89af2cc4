// The sandbox's pages are files, sent as they are: no template, no inline script, nothing from elsewhere.

import { readFile } from "node:fs/promises";
import type { FastifyReply } from "fastify";

const PUBLIC = new URL("./public/", import.meta.url);

const contentSecurityPolicy = (formAction: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
  ].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/**
 * Answers with one of the files under public/, and with the headers that every page of the sandbox carries.
 */
export async function sendPage(reply: FastifyReply, file: string): Promise<FastifyReply> {
  const extension = file.slice(file.lastIndexOf(".") + 1);
  return withPageHeaders(reply)
    .type(TYPES[extension]!)
    .send(await readFile(new URL(file, PUBLIC)));
}

/** The headers of every page; `formAction` is where its forms may go, as the policy writes it. */
export function withPageHeaders(reply: FastifyReply, formAction = "'none'"): FastifyReply {
  return reply
    .header("content-security-policy", contentSecurityPolicy(formAction))
    .header("x-content-type-options", "nosniff")
    .header("referrer-policy", "no-referrer")
    .header("cache-control", "no-cache");
}

/** Whether an Accept header asks for a page before JSON: browsers do, curl and programs do not. */
export function prefersHtml(accept: string | undefined): boolean {
  return qualityOf(accept, "text/html") > qualityOf(accept, "application/json");
}

// Wildcards are left out on purpose: a program that takes anything gets JSON.
function qualityOf(accept: string | undefined, type: string): number {
  for (const range of (accept ?? "").toLowerCase().split(",")) {
    const [name, ...parameters] = range.split(";").map((part) => part.trim());
    if (name !== type) continue;
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
  }
  return 0;
}
