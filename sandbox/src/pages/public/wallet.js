// The pretend wallet: which screen is open, and what each tap asks of the sandbox. It uses the wallet's JSON
// API only.

import { ask, countdown, find } from "./common.js";
import * as view from "./wallet-view.js";

const POLL_MS = 2_000;
const RETURN_AFTER_MS = 4_000;

/**
 * The screen that is open; each opening is a new number, so that a late answer to an older one is dropped.
 */
let opening = 0;
let trade = null;
let code = null;
let returnAt = null;
let sheetToken = null;
/** Payments whose password the buyer chose to leave waiting: not asked again by themselves. */
const leftWaiting = new Set();

// ── screens ─────────────────────────────────────────────────────────────────────────────────────

function show(title, zh, back, children) {
  find("#bar").replaceChildren(...view.bar(title, zh, back));
  find("#screen").replaceChildren(...children);
  find("#screen").scrollTop = 0;
  document.title = `${title} · pretend wallet`;
  find("#heard").textContent = title;
  tick();
}

function start() {
  opening += 1;
  trade = null;
  code = null;
  returnAt = null;
  return opening;
}

function go(path) {
  if (`${location.pathname}${location.search}` !== path) history.pushState(null, "", path);
  return route();
}

function route() {
  const query = new URLSearchParams(location.search);
  const scanned = query.get("code");
  const token = query.get("trade");
  if (scanned !== null) return openScanned(scanned);
  if (token !== null) return openTrade(token);
  if (query.has("show")) return openPaymentCode("pays");
  return openHome();
}

const goHome = () => go("/wallet");

function openHome() {
  const mine = start();
  const onScan = (scanned) => go(`/wallet?code=${encodeURIComponent(scanned)}`);
  show("Pretend wallet", "虚拟钱包", null, view.home({ onScan, onCode: () => go("/wallet?show=code") }));
  return refreshTrades(mine);
}

async function refreshTrades(mine) {
  const { data } = await asked(() => ask("/wallet/trades?limit=20"), { data: null });
  const list = find("#trades");
  if (mine !== opening || list === null || data === null) return;
  const face = JSON.stringify(data);
  if (list.dataset.face === face) return;
  list.dataset.face = face;
  list.replaceChildren(...view.tradeRows(data, (token) => go(`/wallet?trade=${encodeURIComponent(token)}`)));
}

async function openScanned(scanned) {
  const mine = start();
  showOpening();
  try {
    const found = await ask("/wallet/scan", { code: scanned });
    if (mine !== opening) return;
    if (found.page !== undefined) {
      showPage(found.page);
      return;
    }
    history.replaceState(null, "", `/wallet?trade=${encodeURIComponent(found.trade.token)}`);
    showTrade(found.trade, null);
  } catch (error) {
    if (mine === opening) showError(error, scanned);
  }
}

async function openTrade(token) {
  const mine = start();
  showOpening();
  try {
    let found = await ask(`/wallet/trades/${encodeURIComponent(token)}`);
    const { kind } = view.stateOf(found.trade);
    const unopened = found.trade.status === "NOT_OPENED" || found.trade.abandoned;
    if (kind === "open" && unopened) found = await ask("/wallet/scan", { code: token });
    if (mine === opening) showTrade(found.trade, found.redirect_url ?? null);
  } catch (error) {
    if (mine === opening) showError(error, token);
  }
}

function showOpening() {
  const spinner = document.createElement("div");
  spinner.className = "spinner";
  show("Opening…", "正在打开", goHome, [spinner]);
}

function showTrade(next, redirectUrl) {
  trade = next;
  const { kind } = view.stateOf(trade);
  if (kind === "paid") {
    const onStay = () => {
      returnAt = null;
      tick();
    };
    show("Payment", "支付结果", goHome, view.paid(trade, redirectUrl, { onHome: goHome, onStay }));
  } else if (kind === "closed") {
    const text = trade.last_failure
      ? view.reasonOf(trade.last_failure)
      : "The shop or the clock closed it. No money moved.";
    const words = { title: "Closed", zh: "交易已关闭", text };
    show("Payment", "支付结果", goHome, view.ended("closed", words, [["Done", "完成", goHome]]));
  } else if (kind === "expired") {
    showExpired();
  } else {
    const onPay = (voucher) => pay(voucher);
    show("Pay", "收银台", goHome, view.order(trade, { onPay, onFail: fail, onAbandon: walkAway }));
  }
}

/** An address of a platform's that led to no order, such as a plate that asks for an amount. */
function showPage({ title, text }) {
  const words = { title, zh: "网页", text };
  show("Wallet", "提示", goHome, view.ended("error", words, [["Back to the wallet", "返回", goHome]]));
}

function showExpired() {
  const words = {
    title: "Too late",
    zh: "订单已超时",
    text: "The time to pay this order is over. No money moved.",
  };
  show("Payment", "支付结果", goHome, view.ended("expired", words, [["Done", "完成", goHome]]));
}

const OVER = ["ACQ.TRADE_HAS_CLOSE", "ACQ.TRADE_NOT_EXIST", "ORDER_CLOSED"];

function showError(error, scanned) {
  if (OVER.includes(error.code)) {
    showExpired();
    return;
  }
  const offline = error.code === "offline";
  const title = offline ? "No answer" : "This cannot be opened";
  const words = {
    title,
    zh: offline ? "网络异常" : "无法打开",
    text: error.message,
    code: offline ? null : error.code,
  };
  const again = ["Try again", "重试", () => route()];
  const home = ["Back to the wallet", "返回", goHome];
  const actions = offline || scanned === null ? [again, home] : [home, again];
  show("Wallet", "提示", goHome, view.ended("error", words, actions));
}

// ── what a buyer does with an order ─────────────────────────────────────────────────────────────

async function pay(voucherText) {
  const voucher = minorUnits(voucherText);
  if (voucher === null || voucher >= trade.amount) {
    problem("A voucher is an amount such as 5 or 2.50, less than the price.");
    find("#voucher").focus();
    return;
  }
  await act(async () => {
    const body = { token: trade.token, ...(voucher > 0 ? { voucher_amount: voucher } : {}) };
    const answer = await ask("/wallet/pay", body);
    if (answer.redirect_url) returnAt = Date.now() + RETURN_AFTER_MS;
    showTrade(answer.trade, answer.redirect_url);
  });
}

async function fail() {
  await act(async () => {
    const answer = await ask("/wallet/fail", { token: trade.token });
    if (view.stateOf(answer.trade).kind !== "open") {
      showTrade(answer.trade, null);
      return;
    }
    trade = answer.trade;
    const text = `${trade.merchant} was not paid: ${view.reasonOf(trade.last_failure)}. The order stays open.`;
    const words = { title: "Payment failed", zh: "支付失败", text };
    const again = ["Try again", "重试", () => showTrade(trade, null)];
    show("Payment", "支付结果", goHome, view.ended("failed", words, [again, ["Done", "完成", goHome]]));
  });
}

async function walkAway() {
  await act(async () => {
    const answer = await ask("/wallet/abandon", { token: trade.token });
    const { token } = answer.trade;
    trade = null;
    const text =
      "The order was put away unpaid. The shop is not told; it can still be opened until its time is over.";
    const words = { title: "You walked away", zh: "已离开", text };
    const again = ["Open it again", "重新打开", () => openTrade(token)];
    show("Payment", "支付结果", goHome, view.ended("away", words, [["Done", "完成", goHome], again]));
  });
}

/** One tap at a time: the buttons rest while the sandbox thinks, and a refusal is shown where the tap was. */
async function act(step) {
  const buttons = [...find("#screen").querySelectorAll(".actions button")];
  for (const button of buttons) button.disabled = true;
  try {
    await step();
    find("#screen h2[tabindex]")?.focus();
  } catch (error) {
    problem(error.message);
    if (/^(ACQ[.]|ORDER)/.test(error.code)) setTimeout(() => void route(), 1_500);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

function problem(words) {
  const note = find("#problem");
  if (note === null) return;
  note.hidden = false;
  note.textContent = words;
}

/** Minor units of what was typed; nothing typed is none, and nonsense is null. */
function minorUnits(text) {
  const match = /^(\d{1,9})(?:[.](\d{1,2}))?$/.exec(text.trim() === "" ? "0" : text.trim());
  return match === null ? null : Number(match[1] + (match[2] ?? "").padEnd(2, "0"));
}

// ── payment codes ───────────────────────────────────────────────────────────────────────────────

async function openPaymentCode(behaviour, wallet = "alipay") {
  const mine = start();
  try {
    const made = await ask("/wallet/payment-codes", { behaviour, wallet });
    if (mine !== opening) return;
    code = made;
    const { activeElement } = document;
    const focused = find("#screen").contains(activeElement) ? activeElement.value : null;
    show("Payment code", "付款码", goHome, view.paymentCode(made, { onNew: openPaymentCode }));
    if (focused) find(`#screen [value="${focused}"]`)?.focus();
  } catch (error) {
    if (mine === opening) showError(error, null);
  }
}

/** Once a cashier has scanned the code there is an order behind it, and the wallet shows how that ended. */
async function watchCode(mine) {
  if (code === null || countdown(code.expires_at).seconds === 0) return;
  try {
    const found = await ask("/wallet/scan", { code: code.code });
    if (mine !== opening || found.trade.awaits_password) return;
    history.replaceState(null, "", `/wallet?trade=${encodeURIComponent(found.trade.token)}`);
    opening += 1;
    code = null;
    showTrade(found.trade, null);
  } catch (error) {
    online(error.code !== "offline");
  }
}

async function watchPasswords() {
  const { data } = await asked(() => ask("/wallet/pending"), { data: null });
  if (data === null) return;
  const waiting = data.find((pending) => !leftWaiting.has(pending.token));
  if (sheetToken !== null && !data.some((pending) => pending.token === sheetToken)) closeSheet();
  if (sheetToken === null && waiting !== undefined) openSheet(waiting);
}

function openSheet(pending) {
  const sheet = find("#sheet");
  sheetToken = pending.token;
  const { token } = pending;
  const settle = (request) => settleSheet(request);
  sheet.replaceChildren(
    view.passwordSheet(pending, {
      onPay: () => settle(() => ask("/wallet/pay", { token })),
      onCancel: () => settle(() => ask("/wallet/fail", { token, reason: "the buyer cancelled 用户取消" })),
      onLeave: () => {
        leftWaiting.add(token);
        closeSheet();
      },
    }),
  );
  sheet.showModal();
  find("#pin").focus();
}

async function settleSheet(request) {
  try {
    const answer = await request();
    closeSheet();
    start();
    history.pushState(null, "", `/wallet?trade=${encodeURIComponent(answer.trade.token)}`);
    showTrade(answer.trade, answer.redirect_url ?? null);
  } catch (error) {
    const note = find("#sheet-problem");
    note.hidden = false;
    note.textContent = error.message;
  }
}

function closeSheet() {
  sheetToken = null;
  find("#sheet").close();
}

// ── time ────────────────────────────────────────────────────────────────────────────────────────

function tick() {
  tickLeft();
  tickReturn();
}

function tickLeft() {
  const line = find("#left");
  if (line === null) return;
  if (code !== null) {
    const { seconds, text } = countdown(code.expires_at);
    find("#code").classList.toggle("over", seconds === 0);
    line.textContent = seconds === 0 ? "This code is over 已失效" : `Good for ${text}`;
  } else if (trade !== null) {
    const { seconds, text } = countdown(trade.expires_at);
    line.textContent = text;
    if (seconds === 0) showTrade(trade, null);
  }
}

function tickReturn() {
  const line = find("#returning");
  if (line === null) return;
  line.hidden = returnAt === null;
  if (returnAt === null) return;
  const seconds = Math.max(0, Math.ceil((returnAt - Date.now()) / 1000));
  line.firstElementChild.textContent = `Going back in ${seconds} s`;
  if (seconds > 0) return;
  returnAt = null;
  location.assign(line.previousElementSibling.href);
}

/** An order may be closed or paid elsewhere while it is looked at. */
async function watchTrade(mine) {
  if (trade === null) return;
  const shown = view.stateOf(trade);
  if (shown.kind !== "open" || find("#left") === null) return;
  const found = await asked(() => ask(`/wallet/trades/${encodeURIComponent(trade.token)}`), null);
  if (found === null || mine !== opening || trade === null) return;
  if (view.stateOf(found.trade).kind !== shown.kind) showTrade(found.trade, found.redirect_url ?? null);
}

async function poll() {
  if (!document.hidden) {
    const mine = opening;
    await Promise.all([
      watchPasswords(),
      watchCode(mine),
      watchTrade(mine),
      find("#trades") && refreshTrades(mine),
    ]);
  }
  setTimeout(() => void poll(), POLL_MS);
}

/** An answer, or `otherwise` while the sandbox does not answer; the strip on top says so. */
async function asked(question, otherwise) {
  try {
    const answer = await question();
    online(true);
    return answer;
  } catch (error) {
    online(error.code !== "offline");
    return otherwise;
  }
}

function online(isOnline) {
  find("#offline").textContent = isOnline ? "" : "No answer from the sandbox. Trying again…";
}

find("#sheet").addEventListener("cancel", () => {
  leftWaiting.add(sheetToken);
  sheetToken = null;
});
addEventListener("popstate", () => void route());
setInterval(tick, 1_000);
void route();
void poll();
