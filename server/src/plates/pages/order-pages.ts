/** What the one address of a payment shows in whichever app opened it. Pure. */
import type { ScanningApp } from "../../codes/index.ts";
import { type Html, html } from "../../kernel/markup.ts";
import { type Payment, readRequest, returnUrl } from "../../payments/index.ts";
import { shownAmount } from "../scan/amount.ts";
import { notice, type Page } from "./frame.ts";
import { elsewhere } from "./scan-pages.ts";
import { type Tongue, textsIn } from "./texts.ts";

/** A confirming page asks again after this. */
const AGAIN_SECONDS = 3;

export function unknownPaymentPage(tongue: Tongue): Page {
  const { unknownPaymentTitle: title, unknownPaymentHint } = textsIn(tongue);
  return { status: 404, title, body: notice(title, unknownPaymentHint, { mark: "bad" }) };
}

/** How a payment has ended; null while it is open. */
export function endedPage(tongue: Tongue, payment: Payment, merchantName: string, now: Date): Page | null {
  const texts = textsIn(tongue);
  const page = (title: string, hint: string): Page => ({ status: 200, title, body: notice(title, hint) });
  switch (payment.status) {
    case "succeeded": {
      const to = returnUrl(payment);
      const link = to === null ? null : { to, text: texts.backToShop };
      const body = html`${notice(texts.paidTitle, texts.paidHint(merchantName), { mark: "good", link })}`;
      return { status: 200, title: texts.paidTitle, body };
    }
    case "failed":
      return page(texts.failedTitle, texts.failedHint);
    case "closed":
      return payment.closedReason === "expired"
        ? page(texts.expiredTitle, texts.expiredHint)
        : page(texts.closedTitle, texts.closedHint);
    default:
      return now >= payment.expiresAt && payment.liveAttemptId === null
        ? page(texts.expiredTitle, texts.expiredHint)
        : null;
  }
}

/** @param to the address that is asked again. */
export function confirmingPage(tongue: Tongue, to: string): Page {
  const { confirmingTitle: title, confirmingHint } = textsIn(tongue);
  const refresh = { seconds: AGAIN_SECONDS, to };
  return { status: 200, title, body: notice(title, confirmingHint, { mark: "wait" }), refresh };
}

export function unidentifiedPage(tongue: Tongue, again: string): Page {
  const { unidentifiedTitle: title, unidentifiedHint, tryAgain } = textsIn(tongue);
  const link = { to: again, text: tryAgain };
  return { status: 502, title, body: notice(title, unidentifiedHint, { mark: "bad", link }) };
}

export function refusedOrderPage(tongue: Tongue, again: string): Page {
  const { refusedTitle: title, refusedHint, tryAgain } = textsIn(tongue);
  const link = { to: again, text: tryAgain };
  return { status: 503, title, body: notice(title, refusedHint, { mark: "bad", link }) };
}

export type Sum = { readonly payment: Payment; readonly merchantName: string };

/** Hands the order to the wallet's bridge. @param done where a page says what came of it. */
export function invokePage(
  tongue: Tongue,
  sum: Sum,
  bridge: string,
  params: Readonly<Record<string, string>>,
  done: string,
): Page {
  const texts = textsIn(tongue);
  const body = html`<section class="card" data-bridge="${bridge}" data-params="${JSON.stringify(params)}"
 data-done="${done}">
${summary(sum)}
<button class="button" type="button" data-pay>${texts.invokeButton}</button>
<p class="hint" role="status" data-note hidden>${texts.notPaidYet}</p>
<noscript><p class="fault">${texts.invokeNoScript}</p></noscript>
</section>`;
  return { status: 200, title: texts.invokeTitle, body, script: true };
}

/** For an app that cannot pay it: which ones can, the code to scan with them, and the cashier. */
export function elsewherePage(
  tongue: Tongue,
  sum: Sum,
  about: {
    readonly app: ScanningApp | null;
    readonly wallets: readonly ScanningApp[];
    readonly code: Html;
    readonly cashier: string;
  },
): Page {
  const texts = textsIn(tongue);
  const body = html`<section class="card">
${summary(sum)}
<div class="code">${about.code}</div>
<a class="button quiet" href="${about.cashier}">${texts.payHere}</a>
</section>
${elsewhere(tongue, about.app, about.wallets)}`;
  return { status: 200, title: texts.payTo(sum.merchantName), body };
}

function summary({ payment, merchantName }: Sum): Html {
  return html`<div class="sum">
<p class="shop">${merchantName}</p>
<p class="subject">${readRequest(payment.request).subject}</p>
<h1 class="total">${shownAmount(payment.amount, payment.currency)}</h1>
</div>`;
}
