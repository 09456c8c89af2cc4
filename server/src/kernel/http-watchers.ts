import { problem } from "./errors.ts";
import { type Http, pathOf } from "./http.ts";

const WATCHED = ["/health", "/ready", "/metrics"];

/**
 * Of a process that only works: whoever watches it is answered, everybody else is sent on. Not found would be
 * a lie that a merchant could believe: here is a request that came to the wrong process, and is safe to send
 * again.
 */
export function answerWatchersAlone(http: Http): void {
  http.addHook("onRequest", async (request) => {
    if (!WATCHED.includes(pathOf(request))) throw problem("not_served_here", { retryAfterSeconds: 1 });
  });
}
