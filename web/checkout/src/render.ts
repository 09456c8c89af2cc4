// Screens as elements. Nothing here decides anything; it is told the screen and draws it.

import type { Device, Method, Payment } from "./api.ts";
import { el, svg } from "./dom.ts";
import { formatMoney } from "./money.ts";
import { qrCode } from "./qr.ts";
import type { Screen, Way } from "./screen.ts";
import { webAddress } from "./screen.ts";
import type { Texts } from "./texts.ts";

export interface Drawing {
  readonly texts: Texts;
  readonly locale: string;
  readonly device: Device;
  readonly payment: Payment | null;
  /** The address of the merchant's logo; null: none. */
  readonly logo: string | null;
  /** The wallet's name where there is only one it can be. */
  readonly wallet: string | null;
  /** Why the last step did not work. */
  readonly notice: string | null;
  /** Whether the page will go back to the shop by itself. */
  readonly returns: boolean;
  /** The wallet whose browser this is, by name; null: a browser proper. */
  readonly insideWallet: string | null;
  onChoose(method: string): void;
  onLeave(way: Way): void;
  onRenew(method: string): void;
  /** The buyer says that the wallet does not open. */
  onTrouble(): void;
  onStay(): void;
}

// More characters than this no longer fit on one line in the large size.
const LONG_AMOUNT = 12;

/** What is paid, to whom, and until when: beside the action on a computer, above it on a phone. */
export function drawSummary({ payment, texts, locale, logo }: Drawing, withTimer: boolean): HTMLElement[] {
  if (payment === null) return [];
  const amount = formatMoney(payment.amount, payment.currency, locale);
  const timer = el(
    "p",
    { class: "timer", id: "timer" },
    el("span", {}, ""),
    " ",
    el("b", { role: "timer" }, ""),
  );
  // The name stands beside it, so a screen reader need not hear it twice.
  const picture = logo === null ? [] : [el("img", { class: "logo", src: logo, alt: "" })];
  return [
    ...picture,
    el("h1", { class: "merchant" }, el("bdi", {}, payment.merchant_name)),
    el(
      "p",
      { class: amount.length > LONG_AMOUNT ? "amount long" : "amount" },
      el("span", { class: "only-heard" }, `${texts.amountDue} `),
      el("bdi", {}, amount),
    ),
    el("p", { class: "currency" }, payment.currency),
    el("p", { class: "subject" }, el("bdi", {}, payment.subject)),
    ...(withTimer && payment.expires_at !== null ? [timer] : []),
  ];
}

/** The title of a screen, which is also what a screen reader is told when it appears. */
export function titleOf(screen: Screen, { texts, wallet }: Drawing): string {
  switch (screen.kind) {
    case "loading":
      return texts.loading;
    case "unknown":
      return texts.unknownTitle;
    case "choose":
      return screen.methods.length > 0 ? texts.chooseTitle : texts.noWaysTitle;
    case "preparing":
      if (screen.renewing) return texts.renewing;
      if (!screen.leaving) return texts.preparing;
      return wallet === null ? texts.leavingAny : texts.leaving(wallet);
    case "scan":
      return wallet === null ? texts.scanTitleAny : texts.scanTitle(wallet);
    case "renew":
      return texts.renewTitle;
    case "go":
      return wallet === null ? texts.continueTitleAny : texts.continueTitle(wallet);
    case "confirming":
      return texts.confirmingTitle;
    case "paid":
      return texts.paidTitle;
    case "expired":
      return texts.expiredTitle;
    case "closed":
      return texts.closedTitle;
    case "failed":
      return texts.failedTitle;
  }
}

export function drawScreen(screen: Screen, drawing: Drawing): HTMLElement[] {
  // Without a payment there is no merchant to head the page, and the title does.
  const heading = drawing.payment === null ? "h1" : "h2";
  const title = el(heading, { class: "title", tabindex: "-1", id: "title" }, titleOf(screen, drawing));
  const notice = drawing.notice === null ? [] : [el("p", { class: "notice", role: "alert" }, drawing.notice)];
  return [...notice, ...body(screen, title, drawing)];
}

function body(screen: Screen, title: HTMLElement, drawing: Drawing): HTMLElement[] {
  const { texts } = drawing;
  switch (screen.kind) {
    case "loading":
      return [icon("spinner"), title];
    case "preparing":
      return [icon("spinner"), title, hint(texts.preparingHint)];
    case "choose":
      return choose(screen, title, drawing);
    case "scan":
      return [
        title,
        hint(scanHint(drawing)),
        framed(screen.code, texts.scanAlt),
        waiting(texts.waiting),
        ...otherWays(screen.others, drawing),
      ];
    case "renew":
      return [
        icon("clock"),
        title,
        hint(texts.renewHint),
        mainButton(texts.renewButton, () => drawing.onRenew(screen.method)),
        ...otherWays(screen.others, drawing),
      ];
    case "go":
      return [
        title,
        hint(texts.continueHint),
        goButton(screen.way, drawing),
        troubleLink(drawing),
        waiting(texts.waiting),
        ...otherWays(screen.others, drawing),
      ];
    case "confirming":
      return [icon("spinner"), title, hint(texts.confirmingHint)];
    case "paid":
      return paid(title, drawing);
    case "expired":
      return [icon("clock"), title, hint(texts.expiredHint), ...backToShop(drawing)];
    case "closed":
      return [
        icon("cross"),
        title,
        hint(screen.byMerchant ? texts.closedByMerchant : texts.closedHint),
        ...backToShop(drawing),
      ];
    case "failed":
      return [icon("cross"), title, hint(texts.failedHint), ...backToShop(drawing)];
    case "unknown":
      return [icon("question"), title, hint(texts.unknownHint)];
  }
}

function choose(
  { methods, blocked, inApp }: Screen & { kind: "choose" },
  title: HTMLElement,
  drawing: Drawing,
): HTMLElement[] {
  const { texts, insideWallet } = drawing;
  const open = inApp ? [hint(texts.openInApp)] : [];
  if (methods.length === 0 && inApp) return [title, ...open, ...backToShop(drawing)];
  if (methods.length === 0) return [icon("question"), title, hint(texts.noWays), ...backToShop(drawing)];
  const advice = blocked && insideWallet !== null ? [hint(texts.openOutside(insideWallet))] : [];
  return [title, ...open, ...advice, methodList(methods, drawing, true)];
}

function scanHint({ texts, wallet, device }: Drawing): string {
  if (device === "phone") return texts.scanHintPhone;
  return wallet === null ? texts.scanHintAny : texts.scanHint(wallet);
}

function paid(title: HTMLElement, drawing: Drawing): HTMLElement[] {
  const { texts, payment, returns } = drawing;
  const stay = el("button", { class: "link", type: "button", onclick: drawing.onStay }, texts.stay);
  const returning = el("p", { class: "returning" }, el("span", { id: "returning" }, ""), " ", stay);
  return [
    icon("check"),
    title,
    hint(texts.paidHint(payment?.merchant_name ?? "")),
    ...backToShop(drawing),
    ...(returns ? [returning] : []),
  ];
}

function backToShop({ payment, texts }: Drawing): HTMLElement[] {
  const url = webAddress(payment?.return_url ?? null);
  if (url === null || payment === null) return [];
  const attributes = { class: "button main", href: url, rel: "noreferrer", dir: "auto" };
  return [el("a", attributes, texts.backToShop(payment.merchant_name))];
}

function goButton(way: Way, { texts, wallet, onLeave }: Drawing): HTMLElement {
  const label = wallet === null ? texts.continueButtonAny : texts.continueButton(wallet);
  return mainButton(label, () => onLeave(way));
}

function mainButton(label: string, onclick: () => void): HTMLElement {
  return el("button", { class: "button main", type: "button", onclick }, label);
}

function troubleLink({ texts, onTrouble }: Drawing): HTMLElement {
  return el("button", { class: "link", type: "button", onclick: onTrouble }, texts.troubleLink);
}

function otherWays(methods: readonly Method[], drawing: Drawing): HTMLElement[] {
  if (methods.length === 0) return [];
  return [el("h3", { class: "others" }, drawing.texts.otherWays), methodList(methods, drawing, false)];
}

function methodList(methods: readonly Method[], drawing: Drawing, first: boolean): HTMLElement {
  const { texts, device, onChoose } = drawing;
  const list = el("ul", { class: "methods" });
  methods.forEach((method, at) => {
    const { label, hint: usual } = texts.methods[method.method] ?? method;
    const words = (device === "phone" ? texts.phoneHints[method.method] : undefined) ?? usual;
    const button = el(
      "button",
      {
        class: first && at === 0 ? "method main" : "method",
        type: "button",
        "data-method": method.method,
        onclick: () => onChoose(method.method),
      },
      el("span", { class: "words" }, el("b", {}, label), words === "" ? null : el("span", {}, words)),
      arrow(),
    );
    list.append(el("li", {}, button));
  });
  return list;
}

function hint(text: string): HTMLElement {
  return el("p", { class: "hint" }, text);
}

function waiting(text: string): HTMLElement {
  return el("p", { class: "waiting" }, el("span", { class: "pulse", "aria-hidden": "true" }), text);
}

function framed(code: string, label: string): HTMLElement {
  const frame = el("div", { class: "frame" });
  frame.append(qrCode(code, label));
  return frame;
}

type Icon = "spinner" | "check" | "cross" | "clock" | "question";

const PATHS: Readonly<Record<Exclude<Icon, "spinner">, string>> = {
  check: "M14 25l7 7 14-15",
  cross: "M17 17l14 14M31 17L17 31",
  clock: "M24 14v11l7 4",
  question: "M18.5 19.5a5.5 5.5 0 1 1 8.2 4.8c-1.9 1.1-2.7 2-2.7 4M24 33v.5",
};

function icon(name: Icon): HTMLElement {
  if (name === "spinner") return el("div", { class: "spinner", "aria-hidden": "true" });
  const box = el("div", { class: `icon ${name}`, "aria-hidden": "true" });
  box.append(svg("svg", { viewBox: "0 0 48 48" }, svg("path", { d: PATHS[name] })));
  return box;
}

function arrow(): Element {
  const attributes = { viewBox: "0 0 16 16", class: "arrow", "aria-hidden": "true" };
  return svg("svg", attributes, svg("path", { d: "M6 3l5 5-5 5" }));
}
