// The hosted page of a Checkout Session: the buyer picks a test card, pays, cancels or leaves. It uses the
// wallet's JSON API only, as programs do.

import { ask, clockTime, el, find, icon, money } from "./common.js";

const POLL_MS = 1_000;

/** The page's own address names what is paid. */
const code = `${location.origin}${location.pathname}`;
let cards = [];
let chosen = "4242";
let trade = null;
let trouble = null;
let busy = false;
let timer = 0;

// ── what is seen ────────────────────────────────────────────────────────────────────────────────

function show(...children) {
  find("#screen").replaceChildren(...children.flat().filter(Boolean));
}

function summary() {
  return el(
    "header",
    { class: "summary" },
    el("p", { class: "quiet" }, `Pay ${trade.merchant}`),
    el("h1", {}, money(trade.amount, trade.currency)),
    el("p", {}, trade.subject),
    el(
      "p",
      { class: "quiet small" },
      `Order ${trade.out_trade_no}`,
      trade.scene === "checkout" ? ` · open until ${clockTime(trade.expires_at)}` : "",
    ),
  );
}

function cardChoice(card) {
  return el(
    "label",
    { class: "card" },
    el("input", {
      type: "radio",
      name: "card",
      value: card.card,
      checked: card.card === chosen,
      onchange: () => {
        chosen = card.card;
      },
    }),
    el("span", {}, el("b", { class: "mono" }, grouped(card.number)), el("small", {}, card.says)),
  );
}

const grouped = (number) => number.replaceAll(/(\d{4})(?=\d)/g, "$1 ");

function showForm() {
  show(
    summary(),
    trouble && el("p", { class: "trouble", role: "alert" }, icon("bang"), trouble),
    el("fieldset", { class: "cards" }, el("legend", {}, "Choose a test card"), cards.map(cardChoice)),
    el(
      "div",
      { class: "actions" },
      el(
        "button",
        { type: "button", class: "button primary", disabled: busy, onclick: pay },
        `Pay ${money(trade.amount, trade.currency)}`,
      ),
      trade.quit_url &&
        el(
          "button",
          { type: "button", class: "button", disabled: busy, onclick: cancel },
          "Cancel, back to the shop",
        ),
      el(
        "button",
        { type: "button", class: "button plain", disabled: busy, onclick: leave },
        "Leave without a word",
      ),
    ),
  );
}

function showEnd(sign, tone, title, text) {
  show(
    summary(),
    el("section", { class: `end ${tone}` }, icon(sign), el("h2", {}, title), text && el("p", {}, text)),
  );
}

/** Draws the order as it now is; true when nothing more can be done here. */
function draw() {
  switch (trade.status) {
    case "succeeded":
      showEnd("check", "good", "Paid", "You can close this page.");
      return true;
    case "processing":
      showEnd("clock", "", "Processing", "The bank is working on it.");
      return false;
    case "canceled":
    case "expired":
      showEnd("cross", "bad", "This payment is over", "The shop can make a new one.");
      return true;
    default:
      showForm();
      if (trade.awaits_password && !find("#step").open) find("#step").showModal();
      return false;
  }
}

// ── what is done ────────────────────────────────────────────────────────────────────────────────

const declines = {
  generic_decline: "The card was declined. Try another one.",
  insufficient_funds: "The card has not enough funds. Try another one.",
  payment_intent_authentication_failure: "The bank could not be sure that it is you. Try again.",
};

async function pay() {
  await doing(() => ask("/wallet/pay", { code, card: chosen }));
}

async function answerStep(password) {
  find("#step").close();
  await doing(() => ask("/wallet/pay", { code, password }));
}

async function doing(call) {
  busy = true;
  trouble = null;
  showForm();
  try {
    const { trade: now, redirect_url: next } = await call();
    trade = now;
    if (trade.last_failure !== null && trade.status === "requires_payment_method") {
      trouble = declines[trade.last_failure] ?? `The payment failed (${trade.last_failure}).`;
    }
    if (next) {
      location.assign(next);
      return;
    }
  } catch (error) {
    trouble = error.message;
  }
  busy = false;
  if (!draw()) followLater();
}

async function cancel() {
  await ask("/wallet/abandon", { code }).catch(() => undefined);
  location.assign(trade.quit_url);
}

async function leave() {
  await ask("/wallet/abandon", { code }).catch(() => undefined);
  showEnd("away", "", "You left", "Nothing was paid. Open the link again to go on.");
}

function followLater() {
  clearTimeout(timer);
  timer = setTimeout(() => void follow(), POLL_MS);
}

/** Whether the shop has ended it meanwhile, or the bank is done. */
async function follow() {
  if (trade.abandoned || busy) return;
  try {
    const { trade: now, redirect_url: next } = await ask(`/wallet/trades/${trade.token}`);
    const changed = now.status !== trade.status;
    trade = now;
    if (next && trade.status === "succeeded") {
      location.assign(next);
      return;
    }
    if (changed && draw()) return;
  } catch {
    // No answer now: the next look may get one.
  }
  followLater();
}

async function start() {
  find("#pass").addEventListener("click", () => answerStep(true));
  find("#refuse").addEventListener("click", () => answerStep(false));
  try {
    cards = (await ask("/stripe/cards")).data;
    trade = (await ask("/wallet/scan", { code })).trade;
  } catch (error) {
    show(
      el(
        "section",
        { class: "end bad" },
        icon("question"),
        el("h2", {}, "This cannot be opened"),
        error.message,
      ),
    );
    return;
  }
  document.title = `${trade.merchant} · pay by card · sandbox`;
  if (!draw()) followLater();
}

void start();
