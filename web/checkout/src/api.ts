// What the page and its server say to each other. The server decides what is true; the page only shows it.

export type View = "choose" | "pay" | "confirming" | "paid" | "closed" | "expired" | "failed";

export type Device = "phone" | "desktop";

/** A way to pay; `label` and `hint` are the server's words for a method that the page has none for. */
export interface Method {
  readonly method: string;
  /** `qr` shows a code, `redirect` goes to a page or opens a wallet. */
  readonly kind: string;
  readonly devices: readonly Device[];
  /** Its place in the merchant's own order; null: the merchant has not named it. */
  readonly order: number | null;
  readonly label: string;
  readonly hint: string;
}

/** What the buyer does next: scan a code, or go to a page of the wallet, which some reach by a form. */
export type NextAction =
  | { readonly type: "qr_code"; readonly qr_code: string }
  | { readonly type: "redirect"; readonly url: string }
  | { readonly type: "form" };

/** How the merchant's cashier looks. */
export interface Brand {
  /** `#rrggbb` */
  readonly colour: string | null;
  /** Which picture `/pay/{token}/logo` is; null: none. */
  readonly logo: number | null;
}

export interface Payment {
  readonly subject: string;
  /** In the currency's minor unit. */
  readonly amount: number;
  readonly currency: string;
  readonly status: string;
  readonly status_final: boolean;
  readonly expires_at: string | null;
  readonly merchant_name: string;
  readonly closed_reason?: string | null;
  readonly return_url: string | null;
}

/** The app in whose own browser the page is open. */
export interface Inside {
  readonly name: { readonly en: string; readonly zh: string };
  /** Whose orders can be paid inside; null: nobody's. */
  readonly channel: string | null;
  /** The methods whose pages do not open inside. */
  readonly blocked: readonly string[];
}

export interface State {
  readonly payment: Payment;
  readonly brand: Brand;
  readonly view: View;
  /** Beside `choose`: the order waits in another app. */
  readonly open_in_app?: boolean;
  readonly methods: readonly Method[];
  /** The way that `next_action` belongs to. */
  readonly method: string | null;
  readonly next_action: NextAction | null;
  /** Which of the payment's attempts it is, to name it by. */
  readonly attempt: number | null;
  /** When what `next_action` gives is dead or about to be, before the payment is; null: it lives as long. */
  readonly renew_at: string | null;
  /** How long to wait before asking again; null when nothing can change any more. */
  readonly poll_after_ms: number | null;
  readonly server_time: string;
  /** Null: a browser proper. Left out of what is told to all who look at the payment. */
  readonly inside?: Inside | null;
}

/** A problem document of the server, as far as the page uses it. */
export interface Problem {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
}

export type Answer =
  | { readonly kind: "state"; readonly state: State }
  | { readonly kind: "problem"; readonly problem: Problem }
  | { readonly kind: "unknown_token" }
  | { readonly kind: "unreachable" };

const TIMEOUT_MS = 10_000;
// Starting an attempt calls the channel, which may take its time.
const ATTEMPT_TIMEOUT_MS = 30_000;

/** The payment's present state; `base` is the page's own path, `/pay/{token}`. */
export function fetchState(base: string): Promise<Answer> {
  return request(`${base}/state`, { method: "GET" }, TIMEOUT_MS);
}

/**
 * Starts an attempt with a method, ending the one that is live. With `renews` only where that one is still
 * live and its code is dead; otherwise the answer is what there is.
 */
export function startAttempt(
  base: string,
  method: string,
  device: Device,
  renews: number | null,
): Promise<Answer> {
  const body = JSON.stringify({ method, device, ...(renews === null ? {} : { renews }) });
  const headers = { "content-type": "application/json" };
  return request(`${base}/attempts`, { method: "POST", headers, body }, ATTEMPT_TIMEOUT_MS);
}

async function request(url: string, init: RequestInit, timeoutMs: number): Promise<Answer> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    const headers = { accept: "application/json", ...(init.headers as Record<string, string>) };
    const signal = abort.signal;
    const response = await fetch(url, { ...init, headers, signal, cache: "no-store", credentials: "omit" });
    return await read(response);
  } catch {
    return { kind: "unreachable" };
  } finally {
    clearTimeout(timer);
  }
}

async function read(response: Response): Promise<Answer> {
  if (response.ok) return { kind: "state", state: (await response.json()) as State };
  if (response.status === 404) return { kind: "unknown_token" };
  // A gateway's page instead of a problem document says no more than that nobody answered.
  if (response.status >= 500 || response.status === 429) return { kind: "unreachable" };
  const { code = "", title = "", detail = "" } = (await response.json()) as Partial<Problem>;
  return { kind: "problem", problem: { code, title, detail } };
}
