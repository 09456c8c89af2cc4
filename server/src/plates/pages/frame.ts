import { readFileSync } from "node:fs";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Http } from "../../kernel/http.ts";
import { type Html, html } from "../../kernel/markup.ts";
import { type Tongue, textsIn, tongueFor } from "./texts.ts";

/** A page and how it is answered. */
export type Page = {
  readonly status: number;
  readonly title: string;
  readonly body: Html;
  /** Where the browser goes by itself, and after how many seconds; it needs no script for that. */
  readonly refresh?: { readonly seconds: number; readonly to: string };
  /** Whether the page calls the wallet's bridge. */
  readonly script?: boolean;
};

/** As the cashier's, and forms that come back to us. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const FILES = new URL("../public/", import.meta.url);
const ASSETS = {
  "scan.css": "text/css; charset=utf-8",
  "wallet.js": "text/javascript; charset=utf-8",
} as const;

/** Adds `/q/assets/…`. */
export function assetRoutes(http: Http): void {
  for (const [name, type] of Object.entries(ASSETS)) {
    const bytes = readFileSync(new URL(name, FILES));
    http.get(`/q/assets/${name}`, { schema: { hide: true } }, (_, reply) =>
      reply.header("content-type", type).header("cache-control", "no-cache").send(bytes),
    );
  }
}

export function tongueOf(request: FastifyRequest): Tongue {
  return tongueFor(request.headers["accept-language"]);
}

export function sendPage(reply: FastifyReply, tongue: Tongue, page: Page): FastifyReply {
  const { refresh } = page;
  const goesOn = refresh === undefined ? null : `${refresh.seconds};url=${refresh.to}`;
  const text = html`<!doctype html>
<html lang="${textsIn(tongue).htmlLang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="robots" content="noindex">
<meta name="format-detection" content="telephone=no">
${goesOn === null ? null : html`<meta http-equiv="refresh" content="${goesOn}">`}
<title>${page.title}</title>
<link rel="stylesheet" href="/q/assets/scan.css">
${page.script ? html`<script src="/q/assets/wallet.js" defer></script>` : null}
</head>
<body>
<main>
${page.body}
</main>
</body>
</html>
`;
  return reply
    .status(page.status)
    .header("content-type", "text/html; charset=utf-8")
    .header("content-security-policy", CSP)
    .header("referrer-policy", "no-referrer")
    .header("x-frame-options", "DENY")
    .header("vary", "accept-language, user-agent")
    .send(text.html);
}

/** A page that says one thing, with a way on where there is one. */
export function notice(
  title: string,
  hint: string,
  more: { readonly mark?: "good" | "wait" | "bad" | "plain"; readonly link?: Link | null } = {},
): Html {
  const { mark = "plain", link = null } = more;
  return html`<section class="card notice">
<div class="mark ${mark}" aria-hidden="true"></div>
<h1>${title}</h1>
<p class="hint">${hint}</p>
${link === null ? null : html`<a class="button" href="${link.to}">${link.text}</a>`}
</section>`;
}

type Link = { readonly to: string; readonly text: string };
