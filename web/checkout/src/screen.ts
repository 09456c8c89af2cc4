// Which screen a state is shown as. Pure: the same state on the same device is always the same screen.

import type { Device, Method, State } from "./api.ts";

/** A screen says one thing and offers at most one main step; the rest stands below it. */
export type Screen =
  | { readonly kind: "loading" }
  | { readonly kind: "unknown" }
  | { readonly kind: "choose"; readonly methods: readonly Method[] }
  | { readonly kind: "preparing"; readonly method: string | null; readonly leaving: boolean }
  | { readonly kind: "scan"; readonly code: string; readonly others: readonly Method[] }
  | { readonly kind: "go"; readonly url: string; readonly others: readonly Method[] }
  | { readonly kind: "confirming" }
  | { readonly kind: "paid" }
  | { readonly kind: "expired" }
  | { readonly kind: "closed"; readonly byMerchant: boolean }
  | { readonly kind: "failed" };

/** Whether a buyer can still pay here, and so needs to know until when. */
export function isPayable(screen: Screen): boolean {
  return ["choose", "preparing", "scan", "go"].includes(screen.kind);
}

export function screenOf(state: State, device: Device): Screen {
  const methods = methodsFor(state.methods, device);
  switch (state.view) {
    case "choose":
      return { kind: "choose", methods };
    case "pay":
      return payScreen(state, methods);
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

function payScreen(state: State, methods: readonly Method[]): Screen {
  const { next_action: action } = state;
  if (action === null) return { kind: "preparing", method: null, leaving: false };
  // Starting the same one again would be of no use.
  const others = methods.filter(({ method }) => method !== state.method);
  if (action.type === "qr_code") return { kind: "scan", code: action.qr_code, others };
  const url = webAddress(action.url);
  return url === null ? { kind: "choose", methods } : { kind: "go", url, others };
}

// A phone opens an app, a computer shows a code; the other way stays possible below, never the wrong device's
// page.
const CODES = [".qr", ".native"];
const ORDER: Readonly<Record<Device, readonly string[]>> = {
  desktop: [".qr", ".native", ".page"],
  phone: [".wap", ".h5", ".qr", ".native"],
};
const WRONG: Readonly<Record<Device, readonly string[]>> = { desktop: [".wap", ".h5"], phone: [".page"] };

/** The methods that make sense on a device, the usual one first; all of them rather than none. */
export function methodsFor(methods: readonly Method[], device: Device): readonly Method[] {
  const scene = (method: Method) => method.method.slice(method.method.lastIndexOf("."));
  const rank = (method: Method) => {
    const at = ORDER[device].indexOf(scene(method));
    return at === -1 ? ORDER[device].length : at;
  };
  const fitting = methods.filter((method) => !WRONG[device].includes(scene(method)));
  return [...(fitting.length > 0 ? fitting : methods)].sort((a, b) => rank(a) - rank(b));
}

/** Whether a way to pay shows a code, and leaves the page where it is. */
export function isCode(method: string): boolean {
  return CODES.some((scene) => method.endsWith(scene));
}

/**
 * The method to start without being asked: a computer shows its code at once where there is only one, a phone
 * waits for a tap.
 */
export function startsByItself(screen: Screen, device: Device): string | null {
  if (screen.kind !== "choose" || device !== "desktop") return null;
  const codes = screen.methods.filter(({ method }) => isCode(method));
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

const PHONE = /Android|iPhone|iPod|HarmonyOS|Windows Phone|Mobile/i;

export function deviceOf(userAgent: string, coarsePointer: boolean, width: number): Device {
  return PHONE.test(userAgent) || (coarsePointer && width < 700) ? "phone" : "desktop";
}
