import type { SandboxClock } from "../clock.ts";
import { Refused } from "../refuse.ts";
import { buyerHeader } from "../wallet-buyer.ts";

// The browser inside a pretend wallet: it opens the address that a code holds, as the wallet's own user
// agent, and goes where it is led, until it stands before an order, or before a page that asks for something.

export type WalletName = "wechat" | "alipay" | "unionpay";

export const userAgents: Record<WalletName, string> = {
  wechat: "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36 MicroMessenger/8.0.49",
  unionpay: "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36 UnionPay/1.0 CloudPay",
  alipay: "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36 AlipayClient/10.6.0",
};

export type Visit = {
  url: string;
  wallet: WalletName;
  /** Whose phone it is; null is the sandbox's one pretend buyer. */
  buyer: string | null;
  /** What the buyer enters where a page asks for an amount, in yuan. */
  amount: string | null;
};

/** What the browser came to: an order, by what the wallet opens it with, or a page to read. */
export type Seen = { order: string } | { page: { status: number; url: string; title: string; text: string } };

type Loaded = { status: number; url: string; location: string | null; text: string };

const stepsMax = 12;
const answerMsMax = 15_000;
const bytesMax = 512 * 1_024;

/**
 * Whether a scanned text is an address of a payment platform's codes, which a wallet opens in its browser.
 */
export function isPlateAddress(code: string): boolean {
  return /^https?:\/\//.test(code) && (URL.parse(code)?.pathname.startsWith("/q/") ?? false);
}

/** @param sandboxUrl pages of the sandbox's own wallet are the order, not a further page. */
export async function browse(clock: SandboxClock, sandboxUrl: string, visit: Visit): Promise<Seen> {
  let url = visit.url;
  let form: Record<string, string> | null = null;
  for (let step = 0; step < stepsMax; step += 1) {
    if (url.startsWith(`${sandboxUrl}/wallet?`)) return { order: orderIn(url) };
    const loaded = await load(clock, url, visit, form);
    form = null;
    const order = handedOver(loaded.text) ?? (visit.wallet === "unionpay" ? signedForm(loaded.text) : null);
    if (order !== null) return { order };
    const asked = visit.amount === null ? null : amountForm(loaded, visit.amount);
    const next = loaded.location ?? refreshOf(loaded.text) ?? asked?.action ?? null;
    if (next === null) return { page: pageOf(loaded) };
    if (next === asked?.action) {
      form = asked.fields;
      // A page that asks again did not take it.
      if (step > 0 && url === new URL(next, url).href && loaded.status >= 400)
        return { page: pageOf(loaded) };
    }
    url = new URL(next, url).href;
  }
  throw new Refused(508, "led_in_circles", "The address led on and on, and never to an order or a page.");
}

async function load(
  clock: SandboxClock,
  url: string,
  { wallet, buyer }: Visit,
  form: Record<string, string> | null,
): Promise<Loaded> {
  const headers: Record<string, string> = {
    "user-agent": userAgents[wallet],
    "accept-language": "zh-CN",
    ...(buyer === null ? {} : { [buyerHeader]: buyer }),
    ...(form === null ? {} : { "content-type": "application/x-www-form-urlencoded" }),
  };
  const late = new AbortController();
  const calledOff = clock.after(answerMsMax, () => late.abort());
  try {
    const answer = await fetch(url, {
      method: form === null ? "GET" : "POST",
      headers,
      redirect: "manual",
      signal: late.signal,
      ...(form === null ? {} : { body: new URLSearchParams(form).toString() }),
    });
    const text = (await answer.text()).slice(0, bytesMax);
    return { status: answer.status, url, location: answer.headers.get("location"), text };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refused(502, "not_reached", `${url} could not be opened: ${why}`);
  } finally {
    calledOff();
  }
}

/** `/wallet?trade=…` names an order by its token, `/wallet?code=…` by a link. */
function orderIn(url: string): string {
  const { searchParams } = new URL(url);
  return searchParams.get("trade") ?? searchParams.get("code") ?? url;
}

/** What a page hands to the wallet's bridge: WeChat's fields as they are, since they are signed. */
function handedOver(text: string): string | null {
  const written = /data-params="([^"]*)"/.exec(text)?.[1];
  if (written === undefined) return null;
  const params = JSON.parse(unescaped(written)) as Record<string, string>;
  return params.package === undefined ? (params.tradeNO ?? null) : JSON.stringify(params);
}

/** The signed form by which a page sends the browser to UnionPay's: there it places the order. */
function signedForm(text: string): string | null {
  if (!/<form[^>]*action="[^"]*\/frontTransReq\.do"/.test(text)) return null;
  return new URLSearchParams(hiddenFields(text)).toString();
}

function hiddenFields(text: string): Record<string, string> {
  const hidden = text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  return Object.fromEntries([...hidden].map(([, name = "", value = ""]) => [name, unescaped(value)]));
}

function refreshOf(text: string): string | null {
  const to = /<meta http-equiv="refresh" content="0;url=([^"]*)"/.exec(text)?.[1];
  return to === undefined ? null : unescaped(to);
}

/** The form of a page that asks for an amount, filled in. */
function amountForm(
  { text }: Loaded,
  amount: string,
): { action: string; fields: Record<string, string> } | null {
  const action = /<form[^>]*method="post" action="([^"]*)"/.exec(text)?.[1];
  if (action === undefined) return null;
  return { action: unescaped(action), fields: { ...hiddenFields(text), amount } };
}

function pageOf({ status, url, text }: Loaded) {
  const title = unescaped(/<title>([^<]*)<\/title>/.exec(text)?.[1] ?? "");
  const body = /<body>([\s\S]*)<\/body>/.exec(text)?.[1] ?? text;
  const words = unescaped(body.replaceAll(/<[^>]*>/g, " "));
  return { status, url, title, text: words.replaceAll(/\s+/g, " ").trim() };
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

function unescaped(text: string): string {
  return text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name]!);
}
