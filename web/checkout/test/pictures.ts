// The states of the page that the docs show, each on a phone and a desktop and in both languages.

import type { State } from "../src/api.ts";
import type { Reply } from "./harness.ts";
import { CODE, INSIDE, method, payment, state } from "./states.ts";

export type ScreenName = "phone" | "desktop";

export interface Picture {
  readonly name: string;
  /** What is seen, for the docs. */
  readonly words: string;
  /** What the server says; `url` is where a shop or a wallet would be. */
  says(screen: ScreenName, url: string): Reply;
  /** The one screen that has it; absent: both. */
  readonly only?: ScreenName;
  /** What the buyer does, or what befalls him, before the picture is taken. */
  readonly befalls?: "offline" | "trouble" | "keeps failing";
  readonly dark?: boolean;
}

export const LANGUAGES = ["en", "zh-CN"] as const;

const BRAND = { colour: "#0b5d3c", logo: 3 };
const FIFTEEN_MINUTES_MS = 899_950;
const rarely = { poll_after_ms: 60_000 };

const METHODS = [
  "alipay.qr",
  "wechat.native",
  "alipay.page",
  "alipay.wap",
  "wechat.h5",
  "unionpay.page",
  "card",
].map((name) => method(name, name === "unionpay.page" ? { devices: ["desktop", "phone"] } : {}));

const paying = (changes: Partial<State["payment"]> = {}) =>
  payment({ expires_at: new Date(Date.now() + FIFTEEN_MINUTES_MS).toISOString(), ...changes });

const shown = (view: State["view"], changes: Partial<State> = {}): State =>
  state(view, { payment: paying(), methods: METHODS, ...rarely, ...changes });

const back = (url: string) => ({ payment: paying({ return_url: url }) });
const dead = () => ({ renew_at: new Date(Date.now() - 60_000).toISOString() });

export const PICTURES: readonly Picture[] = [
  { name: "loading", words: "The page is there, the payment not yet.", says: () => "silence" },
  {
    name: "choose",
    words: "The ways to pay that fit the device, the amount and the merchant's rules.",
    says: () => shown("choose"),
  },
  {
    name: "brand",
    words: "The same with a merchant's name, logo and colour.",
    says: () => shown("choose", { brand: BRAND }),
  },
  {
    name: "inside-wallet",
    words: "Inside WeChat's own browser: what works there, and the way out.",
    only: "phone",
    says: () => shown("choose", { inside: INSIDE.wechat }),
  },
  { name: "preparing", words: "The order is being placed at the channel.", says: () => shown("pay") },
  {
    name: "scan",
    words: "A code to scan, and the other ways below.",
    says: () => shown("pay", { next_action: CODE, brand: BRAND }),
  },
  {
    name: "go",
    words: "A wallet or page to open, and back again.",
    says: (screen, url) =>
      shown("pay", {
        method: screen === "phone" ? "alipay.wap" : "alipay.page",
        next_action: { type: "redirect", url },
      }),
  },
  {
    name: "trouble",
    words: "The wallet did not open: it was reported, and the buyer is helped.",
    only: "phone",
    befalls: "trouble",
    says: (_, url) => shown("pay", { method: "alipay.wap", next_action: { type: "redirect", url } }),
  },
  {
    name: "renew",
    words: "A dead code that could not be replaced unasked.",
    befalls: "keeps failing",
    says: () => shown("pay", { next_action: CODE, ...dead() }),
  },
  {
    name: "confirming",
    words: "The channel has not said yet whether the money was taken.",
    says: () => shown("confirming"),
  },
  { name: "paid", words: "Paid, and the way back to the shop.", says: (_, url) => shown("paid", back(url)) },
  {
    name: "expired",
    words: "The time to pay is over.",
    says: (_, url) => shown("expired", back(url)),
  },
  {
    name: "closed",
    words: "The shop withdrew the payment.",
    says: () => shown("closed", { payment: paying({ closed_reason: "cancelled" }) }),
  },
  {
    name: "failed",
    words: "Refused, with no other attempt allowed.",
    says: (_, url) => shown("failed", back(url)),
  },
  {
    name: "no-ways",
    words: "No way to pay fits this amount.",
    says: () => shown("choose", { methods: [] }),
  },
  {
    name: "offline",
    words: "The device has lost its network.",
    befalls: "offline",
    says: () => shown("pay", { next_action: CODE }),
  },
  {
    name: "dark",
    words: "A browser that prefers the dark.",
    dark: true,
    says: () => shown("pay", { next_action: CODE, brand: BRAND }),
  },
  {
    name: "unknown",
    words: "A link that opens nothing.",
    says: () => ({ code: "not_found", title: "Not found", detail: "There is no such payment." }),
  },
];

/** The pictures of one state, in the order in which the docs show them. */
export function filesOf({ name, only }: Picture): readonly string[] {
  const screens = only === undefined ? (["phone", "desktop"] as const) : [only];
  return screens.flatMap((screen) => LANGUAGES.map((language) => `${name}-${screen}-${language}.png`));
}
