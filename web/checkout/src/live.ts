// Live status: the server tells of every change as it happens. Where it cannot (a proxy that holds answers
// back, no room, an old browser), the page asks as it would without.

import type { State } from "./api.ts";

/** The server says something every 15 s; a connection that has said nothing for longer is not one. */
export const SILENT_AFTER_MS = 40_000;
/** A connection that the server or a proxy refused is tried again after this. */
const TRY_AGAIN_MS = 60_000;

export interface Live {
  /** Whether changes arrive by themselves at present. */
  works(): boolean;
  /**
   * Connects where it is not connected, and gives up a connection that fell silent. Cheap; called each
   * second.
   */
  keep(wanted: boolean): void;
  close(): void;
}

/** @param onState is handed every state that the server tells; onLost is told once per lost connection. */
export function liveStatus(base: string, onState: (state: State) => void, onLost: () => void): Live {
  let source: EventSource | null = null;
  let heardAt = 0;
  let triedAt = Number.NEGATIVE_INFINITY;
  let working = false;

  const lose = () => {
    if (!working) return;
    working = false;
    onLost();
  };
  const close = () => {
    source?.close();
    source = null;
    working = false;
  };
  const hear = () => {
    heardAt = performance.now();
    working = true;
  };
  const open = () => {
    triedAt = heardAt = performance.now();
    const mine = new EventSource(`${base}/events`);
    source = mine;
    mine.addEventListener("state", (event) => {
      hear();
      onState(JSON.parse((event as MessageEvent<string>).data) as State);
    });
    mine.addEventListener("beat", hear);
    // The browser connects again by itself unless the server refused; meanwhile the page asks.
    mine.addEventListener("error", () => {
      if (mine.readyState === EventSource.CLOSED && source === mine) source = null;
      lose();
    });
  };
  return {
    works: () => working,
    keep: (wanted) => {
      if (!wanted || typeof EventSource === "undefined") {
        close();
        return;
      }
      const now = performance.now();
      if (source !== null && now - heardAt > SILENT_AFTER_MS) {
        source.close();
        source = null;
        lose();
      }
      if (source === null && now - triedAt > TRY_AGAIN_MS) open();
    },
    close,
  };
}
