// Where the page is open: which device, and inside which wallet's own browser.

import type { Device, Inside, Method } from "./api.ts";

export interface Place {
  readonly device: Device;
  /** The app whose built-in browser this is; null: a browser proper. */
  readonly inside: Inside | null;
}

const PHONE = /Android|iPhone|iPod|HarmonyOS|Windows Phone|Mobile/i;

export function deviceOf(userAgent: string, coarsePointer: boolean, width: number): Device {
  return PHONE.test(userAgent) || (coarsePointer && width < 700) ? "phone" : "desktop";
}

export function channelOf(method: string): string {
  return method.split(".", 1)[0] as string;
}

/** Whether an app's own browser keeps a way to pay from working; the server knows what opens where. */
export function isBlocked({ method }: Method, { inside }: Place): boolean {
  return inside?.blocked.includes(method) ?? false;
}

/**
 * The methods that make sense here, the best first: a computer shows a code, a phone opens the wallet, and a
 * wallet's browser begins with its own. The merchant's order, where there is one, comes before what is usual.
 * All of them rather than none.
 */
export function methodsFor(methods: readonly Method[], place: Place): readonly Method[] {
  const usualFirst = place.device === "desktop" ? "qr" : "redirect";
  const rank = ({ method, kind, order }: Method) => {
    if (channelOf(method) === place.inside?.channel) return -1;
    if (order !== null) return order;
    return 1_000 + (kind === usualFirst ? 0 : 1);
  };
  const fitting = methods.filter((method) => method.devices.includes(place.device));
  const working = fitting.filter((method) => !isBlocked(method, place));
  const [some] = [working, fitting, methods].filter(({ length }) => length > 0);
  return [...(some ?? [])].sort((a, b) => rank(a) - rank(b));
}
