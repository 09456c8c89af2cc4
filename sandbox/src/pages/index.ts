// The sandbox's pages for people: an index, the buyer's wallet, and what the inbox's page needs.

import type { FastifyInstance } from "fastify";
import { renderSVG } from "uqr";
import { sendPage, withPageHeaders } from "./serve.ts";

// Named one by one: a path from a request never reaches the file system.
const ASSETS = [
  "sandbox.css",
  "common.js",
  "index.css",
  "index.js",
  "wallet.css",
  "wallet.js",
  "wallet-view.js",
  "card.css",
  "card.js",
  "inbox.css",
  "inbox.js",
  "mark.svg",
];

const QR_TEXT_LENGTH_MAX = 512;

/** Adds the pages `/` and `/wallet`, and the styles and scripts of all pages, to a sandbox. */
export function registerPages(app: FastifyInstance): void {
  app.get("/", (_request, reply) => sendPage(reply, "index.html"));
  app.get("/wallet", (_request, reply) => sendPage(reply, "wallet.html"));
  for (const file of ASSETS) app.get(`/assets/${file}`, (_request, reply) => sendPage(reply, file));

  app.get("/assets/qr.svg", async (request, reply) => {
    const { text } = request.query as { text?: unknown };
    if (typeof text !== "string" || text === "" || text.length > QR_TEXT_LENGTH_MAX) {
      const message = `text is what the code says, at most ${QR_TEXT_LENGTH_MAX} characters.`;
      return reply.code(400).send({ error: { code: "bad_request", message } });
    }
    return withPageHeaders(reply)
      .type("image/svg+xml")
      .send(renderSVG(text, { ecc: "M", border: 0 }));
  });
}
