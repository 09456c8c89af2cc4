import type { FastifyInstance } from "fastify";
import { sendPage } from "../pages/serve.ts";
import { cardNamed, cardNames } from "./cards.ts";

/** The hosted page, and the cards that it offers. */
export function registerStripeArrival(app: FastifyInstance): void {
  app.get("/c/pay/:id", (_request, reply) => sendPage(reply, "card.html"));
  app.get("/stripe/cards", async () => ({
    data: cardNames.map((name) => {
      const { number, token, type, says } = cardNamed(name);
      return { card: name, number, token, type, says };
    }),
  }));
}
