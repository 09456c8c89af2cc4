// What the page reports when a channel's page does not open. Nobody waits for it, and nothing depends on it.

export type BeaconKind = "no_jump" | "redirect_failed" | "does_not_open";

/** A wallet that has not opened by now does not. */
export const JUMP_MS = 8_000;

export function sendBeacon(base: string, attempt: number, kind: BeaconKind): void {
  fetch(`${base}/beacon`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ attempt, kind }),
    credentials: "omit",
    keepalive: true,
  }).catch(() => undefined);
}
