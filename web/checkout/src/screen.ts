// Which screen a state is shown as. Pure: the same state in the same place at the same time is always the
// same screen.

import type { Method, State } from "./api.ts";
import type { Place } from "./place.ts";
import { isBlocked, methodsFor } from "./place.ts";

/** A page of the wallet: by its address, or by a form that a page between sends there. */
export type Way = { readonly url: string } | "form";

/** A screen says one thing and offers at most one main step; the rest stands below it. */
export type Screen =
  | { readonly kind: "loading" }
  | { readonly kind: "unknown" }
  /**
   * `blocked`: inside a wallet's browser that keeps some ways to pay from working. `inApp`: the order waits
   * in another app, and may be paid there.
   */
  | {
      readonly kind: "choose";
      readonly methods: readonly Method[];
      readonly blocked: boolean;
      readonly inApp: boolean;
    }
  | {
      readonly kind: "preparing";
      readonly method: string | null;
      readonly leaving: boolean;
      readonly renewing: boolean;
    }
  | { readonly kind: "scan"; readonly code: string; readonly others: readonly Method[] }
  /** The code has died, and could not be renewed unasked. */
  | { readonly kind: "renew"; readonly method: string; readonly others: readonly Method[] }
  | { readonly kind: "go"; readonly way: Way; readonly others: readonly Method[] }
  | { readonly kind: "confirming" }
  | { readonly kind: "paid" }
  | { readonly kind: "expired" }
  | { readonly kind: "closed"; readonly byMerchant: boolean }
  | { readonly kind: "failed" };

/** Whether a buyer can still pay here, and so needs to know until when. */
export function isPayable(screen: Screen): boolean {
  return ["choose", "preparing", "scan", "renew", "go"].includes(screen.kind);
}

/** @param nowMs the server's clock. */
export function screenOf(state: State, place: Place, nowMs: number): Screen {
  const methods = methodsFor(state.methods, place);
  switch (state.view) {
    case "choose":
      return chooseScreen(state, methods, place);
    case "pay":
      return payScreen(state, methods, place, nowMs);
    case "closed":
      return { kind: "closed", byMerchant: state.payment.closed_reason === "cancelled" };
    case "confirming":
    case "paid":
    case "expired":
    case "failed":
      return { kind: state.view };
    default:
      // A view of a newer server: waiting for the next one is never wrong.
      return { kind: "confirming" };
  }
}

function chooseScreen(state: State, methods: readonly Method[], place: Place): Screen {
  const blocked = state.methods.some(
    (method) => method.devices.includes(place.device) && isBlocked(method, place),
  );
  return { kind: "choose", methods, blocked, inApp: state.open_in_app ?? false };
}

function payScreen(state: State, methods: readonly Method[], place: Place, nowMs: number): Screen {
  const { next_action: action, method: present } = state;
  if (action === null) return { kind: "preparing", method: null, leaving: false, renewing: false };
  // Starting the same one again would be of no use.
  const others = methods.filter(({ method }) => method !== present);
  if (action.type === "qr_code") {
    if (isDead(state, nowMs) && present !== null) return { kind: "renew", method: present, others };
    return { kind: "scan", code: action.qr_code, others };
  }
  if (action.type === "form") return { kind: "go", way: "form", others };
  const url = webAddress(action.url);
  return url === null ? chooseScreen(state, methods, place) : { kind: "go", way: { url }, others };
}

/** Whether what the buyer was given is dead, or so near to it that it is better replaced. */
export function isDead({ renew_at: renewAt }: State, nowMs: number): boolean {
  return renewAt !== null && nowMs >= Date.parse(renewAt);
}

/**
 * The method to start without being asked: a computer shows its code at once where there is only one, a phone
 * waits for a tap.
 */
export function startsByItself(screen: Screen, { device }: Place): string | null {
  // What waits in an app is not ended unasked.
  if (screen.kind !== "choose" || screen.inApp || device !== "desktop") return null;
  const codes = screen.methods.filter(({ kind }) => kind === "qr");
  const [only] = codes;
  return codes.length === 1 && only === screen.methods[0] ? (only?.method ?? null) : null;
}

/** The address if a browser may be sent there; a `javascript:` address from a merchant's order may not. */
export function webAddress(url: string | null): string | null {
  return url !== null && /^https?:\/\//i.test(url) ? url : null;
}

/** `m:ss` or `h:mm:ss`; null for what is more than a day away, which is better told as a date. */
export function remaining(ms: number): string | null {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds >= 86_400) return null;
  const pad = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${pad(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}`;
}
