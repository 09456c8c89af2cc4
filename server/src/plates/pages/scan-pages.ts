/** What a scan of a plate shows. Pure. */
import type { ScanningApp } from "../../codes/index.ts";
import { type Html, html } from "../../kernel/markup.ts";
import { exponentOf } from "../../kernel/money.ts";
import { currencySign, shownAmount } from "../scan/amount.ts";
import type { Ready, ScanPayment } from "../scan/service.ts";
import { notice, type Page } from "./frame.ts";
import { type Tongue, textsIn } from "./texts.ts";

export function unknownCodePage(tongue: Tongue): Page {
  const { unknownTitle: title, unknownHint } = textsIn(tongue);
  return { status: 404, title, body: notice(title, unknownHint, { mark: "bad" }) };
}

export function notYetPage(tongue: Tongue, state: "blank" | "opening" | "disabled"): Page {
  const texts = textsIn(tongue);
  switch (state) {
    case "blank":
      return { status: 200, title: texts.blankTitle, body: notice(texts.blankTitle, texts.blankHint) };
    case "opening":
      return { status: 200, title: texts.openingTitle, body: notice(texts.openingTitle, texts.openingHint) };
    case "disabled":
      return {
        status: 410,
        title: texts.disabledTitle,
        body: notice(texts.disabledTitle, texts.disabledHint, { mark: "bad" }),
      };
  }
}

export function closedShopPage(tongue: Tongue): Page {
  const { closedShopTitle: title, closedShopHint } = textsIn(tongue);
  return { status: 503, title, body: notice(title, closedShopHint) };
}

type Form = {
  readonly ready: Ready;
  /** Where the form is sent, with the token of this scan. */
  readonly action: string;
  readonly token: string;
  readonly app: ScanningApp | null;
  /** Apps that can pay this plate, to be named to those that cannot. */
  readonly wallets: readonly ScanningApp[];
};

/** What was typed and why it was not taken. */
type Typed = {
  readonly text: string;
  readonly fault: Extract<ScanPayment, { result: "amount" }>["fault"];
};

/** Asks for the amount, or shows the fixed one, with a button that starts the payment. */
export function payPage(tongue: Tongue, form: Form, typed: Typed | null = null): Page {
  const texts = textsIn(tongue);
  const { plate, merchantName } = form.ready;
  const isWallet = form.app?.channel != null;
  const title = texts.payTo(merchantName);
  const body = html`<form class="card" method="post" action="${form.action}">
<input type="hidden" name="scan" value="${form.token}">
${plate.amount === null ? amountField(tongue, form, typed) : fixedSum(form)}
<button class="button" type="submit">${isWallet ? texts.pay : texts.payHere}</button>
</form>
${isWallet ? null : elsewhere(tongue, form.app, form.wallets)}`;
  return { status: typed === null ? 200 : 422, title, body };
}

function fixedSum({ ready: { plate, merchantName } }: Form): Html {
  return html`<div class="sum">
<p class="shop">${merchantName}</p>
<p class="subject">${plate.subject}</p>
<h1 class="total">${plate.amount === null ? "" : shownAmount(plate.amount, plate.currency)}</h1>
</div>`;
}

function amountField(tongue: Tongue, form: Form, typed: Typed | null): Html {
  const texts = textsIn(tongue);
  const { plate, merchantName } = form.ready;
  const decimals = exponentOf(plate.currency);
  const fault = typed === null ? null : faultText(tongue, form, typed.fault);
  return html`<p class="shop">${merchantName}</p>
<p class="subject">${plate.subject}</p>
<label for="amount">${texts.amountLabel}</label>
<div class="money"><span aria-hidden="true">${currencySign(plate.currency)}</span>
<input id="amount" name="amount" type="text" inputmode="${decimals === 0 ? "numeric" : "decimal"}"
 autocomplete="off" maxlength="16" required autofocus value="${typed?.text ?? ""}"
 ${fault === null ? null : html`aria-invalid="true" aria-describedby="fault"`}></div>
${fault === null ? null : html`<p class="fault" id="fault" role="alert">${fault}</p>`}`;
}

function faultText(tongue: Tongue, { ready: { plate, bounds } }: Form, fault: Typed["fault"]): string {
  const { amountFaults } = textsIn(tongue);
  if (fault === "too_small") return amountFaults.too_small(shownAmount(bounds.min, plate.currency));
  if (fault === "too_large") return amountFaults.too_large(shownAmount(bounds.max, plate.currency));
  return amountFaults[fault];
}

/** For an app that cannot pay: which ones can. A browser pays by the cashier, so it misses no wallet. */
export function elsewhere(
  tongue: Tongue,
  app: ScanningApp | null,
  wallets: readonly ScanningApp[],
): Html | null {
  const texts = textsIn(tongue);
  const names = wallets.map((wallet) => wallet.displayName[tongue]);
  if (names.length === 0) {
    return app === null ? null : html`<section class="card notice"><p>${texts.noWallet}</p></section>`;
  }
  const all = texts.or(names);
  const title = app === null ? texts.openIn(all) : texts.notIn(app.displayName[tongue], all);
  return html`<section class="card notice">
<h1>${title}</h1>
<p class="hint">${texts.openInHint}</p>
</section>`;
}

/** Why a scan made no payment. @param again the plate's own address. */
export function refusedPage(
  tongue: Tongue,
  refusal: Extract<ScanPayment, { result: "stale" | "other_amount" | "refused" }>,
  again: string,
): Page {
  const texts = textsIn(tongue);
  const link = { to: again, text: texts.again };
  switch (refusal.result) {
    case "stale":
      return {
        status: 409,
        title: texts.staleTitle,
        body: notice(texts.staleTitle, texts.staleHint, { link }),
      };
    case "other_amount":
      return {
        status: 409,
        title: texts.otherAmountTitle,
        body: notice(texts.otherAmountTitle, texts.otherAmountHint, { link }),
      };
    case "refused":
      return {
        status: refusal.status,
        title: texts.refusedTitle,
        body: notice(texts.refusedTitle, texts.refusedHint, { mark: "bad", link }),
      };
  }
}

/**
 * Leads on to the payment. A redirect in answer to a form would be bound to the form's policy all the way to
 * the wallet's own pages; this is a navigation of its own.
 */
export function onwardPage(tongue: Tongue, to: string): Page {
  const texts = textsIn(tongue);
  const link = { to, text: texts.goOn };
  const body = notice(texts.momentTitle, texts.momentHint, { mark: "wait", link });
  return { status: 200, title: texts.momentTitle, body, refresh: { seconds: 0, to } };
}
