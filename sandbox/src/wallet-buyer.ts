import type { FastifyRequest } from "fastify";

/**
 * Whose phone a browser runs on: a pretend wallet tells it by this header, as a real one knows who is logged
 * in. Null: the sandbox's one pretend buyer.
 */
export const buyerHeader = "sandbox-buyer";

export function buyerOf(request: FastifyRequest): string | null {
  const named = request.headers[buyerHeader];
  return typeof named === "string" && /^[\w.-]{1,64}$/.test(named) ? named : null;
}
