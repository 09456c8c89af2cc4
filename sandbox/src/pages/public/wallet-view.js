// The wallet's screens, drawn. What they do is handed in; nothing here asks the sandbox.

import { el, fullTime, icon, money } from "./common.js";

/** A text with its Chinese under it or beside it. */
function twice(en, zh) {
  return [en, " ", el("span", { class: "zh", lang: "zh" }, zh)];
}

function button(kind, en, zh, onclick, props = {}) {
  return el("button", { type: "button", class: `button ${kind}`, onclick, ...props }, twice(en, zh));
}

export function bar(title, zh, back) {
  return [
    back && el("button", { type: "button", class: "back", "aria-label": "Back", onclick: back }, "‹"),
    el("h1", {}, title, el("span", { class: "zh", lang: "zh" }, zh)),
  ].filter(Boolean);
}

// ── home ────────────────────────────────────────────────────────────────────────────────────────

export function home({ onScan, onCode }) {
  const input = el("textarea", {
    class: "input",
    id: "scanned",
    rows: 3,
    spellcheck: false,
    autocomplete: "off",
    placeholder: "https://qr.alipay.com/… or weixin://wxpay/…",
  });
  const form = el(
    "form",
    { class: "box scan", onsubmit: (event) => submitScan(event, input, onScan) },
    el("label", { htmlFor: "scanned" }, twice("Scan", "扫一扫")),
    el(
      "p",
      { class: "quiet" },
      "Paste what a QR code says, a payment link, an app's order string or a trade number.",
    ),
    input,
    el("button", { class: "button primary" }, twice("Open", "打开")),
  );
  // Enter opens: a code is one line, however long.
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) submitScan(event, input, onScan);
  });
  return [
    form,
    el(
      "button",
      { type: "button", class: "tile", onclick: onCode },
      icon("bars"),
      el(
        "span",
        {},
        el("b", {}, twice("Payment code", "付款码")),
        el("small", {}, "Show it to a shop's scanner"),
      ),
    ),
    el(
      "section",
      { class: "box", "aria-labelledby": "recent" },
      el("h2", { id: "recent" }, twice("Recent", "最近交易")),
      el("ul", { class: "trades", id: "trades" }),
    ),
  ];
}

function submitScan(event, input, onScan) {
  event.preventDefault();
  const code = input.value.trim();
  if (code !== "") onScan(code);
  else input.focus();
}

export function tradeRows(trades, onOpen) {
  if (trades.length === 0) {
    return [el("li", { class: "quiet" }, "Nothing yet. Orders you open or pay appear here.")];
  }
  return trades.map((trade) => {
    const state = stateOf(trade);
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "trade", onclick: () => onOpen(trade.token) },
        face(trade.merchant),
        el("span", {}, el("span", { class: "name" }, trade.subject), el("small", {}, trade.merchant)),
        el(
          "span",
          { class: "sum" },
          money(trade.amount, trade.currency),
          el("span", { class: `chip ${state.tone}` }, state.word),
        ),
      ),
    );
  });
}

// Alipay's words first, then WeChat Pay's, then Stripe's.
const PAID = ["TRADE_SUCCESS", "TRADE_FINISHED", "SUCCESS", "REFUND", "succeeded"];
const CLOSED = ["TRADE_CLOSED", "CLOSED", "canceled", "expired"];

/** Where a trade stands, in one word, with its colour. */
export function stateOf(trade) {
  if (trade.amount_refunded > 0) {
    return {
      kind: "paid",
      word: trade.amount_refunded >= trade.amount ? "refunded" : "part refunded",
      tone: "warn",
    };
  }
  if (PAID.includes(trade.status)) {
    return { kind: "paid", word: "paid", tone: "good" };
  }
  if (CLOSED.includes(trade.status)) return { kind: "closed", word: "closed", tone: "bad" };
  if (new Date(trade.expires_at).getTime() <= Date.now())
    return { kind: "expired", word: "expired", tone: "bad" };
  if (trade.abandoned) return { kind: "open", word: "put away", tone: "" };
  return { kind: "open", word: trade.status === "NOT_OPENED" ? "not opened" : "to pay", tone: "" };
}

function face(name, size = "") {
  return el("span", { class: `face ${size}`, "aria-hidden": "true" }, [...name.trim()][0] ?? "?");
}

// ── an order ────────────────────────────────────────────────────────────────────────────────────

export function order(trade, { onPay, onFail, onAbandon }) {
  const voucher = el("input", {
    class: "input",
    id: "voucher",
    inputMode: "decimal",
    autocomplete: "off",
    placeholder: "0.00",
  });
  return [
    el(
      "section",
      { class: "box bill" },
      face(trade.merchant, "large"),
      el("p", { class: "merchant" }, trade.merchant),
      amount(trade.amount, trade.currency),
      el("p", {}, trade.subject),
      facts([
        ["Pay within", el("span", { id: "left", role: "timer" })],
        ["Order", el("span", { class: "mono" }, trade.out_trade_no)],
        trade.trade_no && ["Trade", el("span", { class: "mono" }, trade.trade_no)],
      ]),
    ),
    trade.last_failure &&
      el("p", { class: "note bad" }, `The last try failed: ${reasonOf(trade.last_failure)}`),
    el(
      "details",
      { class: "box voucher" },
      el("summary", {}, twice("Use a shop's voucher", "商家优惠券")),
      el("div", { class: "row" }, el("label", { htmlFor: "voucher" }, trade.currency), voucher),
    ),
    el(
      "div",
      { class: "actions" },
      el("p", { class: "note wide", id: "problem", role: "alert", hidden: true }),
      button("primary", `Pay ${money(trade.amount, trade.currency)}`, "确认付款", () => onPay(voucher.value)),
      button("danger", "Fail", "付款失败", onFail),
      button("", "Walk away", "离开", onAbandon),
    ),
  ].filter(Boolean);
}

function amount(value, currency) {
  const text = money(value, currency);
  return el("p", { class: `amount${text.length > 12 ? " long" : ""}` }, text);
}

function facts(pairs) {
  return el(
    "dl",
    { class: "facts" },
    pairs.filter(Boolean).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
  );
}

const REASONS = {
  "ACQ.BUYER_BALANCE_NOT_ENOUGH": "not enough balance 余额不足",
  "ACQ.PAYMENT_AUTH_CODE_INVALID": "the payment code is no longer good 付款码失效",
};

export function reasonOf(reason) {
  return REASONS[reason] ?? reason;
}

// ── how it ended ────────────────────────────────────────────────────────────────────────────────

export function paid(trade, redirectUrl, { onHome, onStay }) {
  const refunded = trade.amount_refunded > 0 && ["Given back", money(trade.amount_refunded, trade.currency)];
  const voucher = trade.voucher_amount > 0 && ["Voucher", `− ${money(trade.voucher_amount, trade.currency)}`];
  return [
    outcome(
      "good",
      "check",
      trade.amount_refunded >= trade.amount ? ["Refunded", "已退款"] : ["Paid", "支付成功"],
      [
        el("p", { class: "amount" }, money(trade.amount, trade.currency)),
        el("p", { class: "quiet" }, trade.merchant),
      ],
    ),
    el(
      "section",
      { class: "box" },
      facts([
        ["For", trade.subject],
        voucher,
        voucher && ["From your balance", money(trade.paid_amount, trade.currency)],
        refunded,
        trade.paid_at && ["Paid", fullTime(trade.paid_at)],
        ["Order", el("span", { class: "mono" }, trade.out_trade_no)],
        ["Trade", el("span", { class: "mono" }, trade.trade_no)],
      ]),
    ),
    el(
      "div",
      { class: "actions" },
      redirectUrl &&
        el("a", { class: "button primary", href: redirectUrl }, twice("Back to the shop", "返回商家")),
      redirectUrl &&
        el(
          "p",
          { class: "wide quiet returning", id: "returning", hidden: true },
          el("span", {}),
          " ",
          el("button", { type: "button", class: "link", onclick: onStay }, twice("Stay", "停留")),
        ),
      button(redirectUrl ? "wide" : "primary", "Done", "完成", onHome),
    ),
  ];
}

const BADGES = {
  closed: ["bad", "cross"],
  failed: ["bad", "bang"],
  expired: ["", "clock"],
  away: ["", "away"],
  error: ["", "question"],
};

export function ended(kind, words, actions) {
  const [tone, mark] = BADGES[kind];
  const { title, zh, text, code } = words;
  return [
    outcome(
      tone,
      mark,
      [title, zh],
      [el("p", { class: "quiet" }, text), code && el("p", { class: "quiet mono" }, code)],
    ),
    el(
      "div",
      { class: "actions" },
      actions.map(([en, chinese, onclick], at) =>
        button(at === 0 ? "primary" : "wide", en, chinese, onclick),
      ),
    ),
  ];
}

function outcome(tone, mark, [title, zh], rest) {
  return el(
    "section",
    { class: "outcome" },
    el("span", { class: `badge ${tone}` }, icon(mark)),
    el("h2", { tabIndex: -1 }, twice(title, zh)),
    rest,
  );
}

// ── payment code ────────────────────────────────────────────────────────────────────────────────

const BEHAVIOURS = [
  ["pays", "Pays at once", "直接付款"],
  ["asks_password", "Asks for the password", "需要输入密码"],
  ["insufficient_balance", "Not enough balance", "余额不足"],
];

export function paymentCode(shown, { onNew }) {
  const choices = BEHAVIOURS.map(([value, en, zh]) =>
    el(
      "label",
      {},
      el("input", {
        type: "radio",
        name: "behaviour",
        value,
        checked: value === shown.behaviour,
        onchange: () => onNew(value),
      }),
      el("span", {}, twice(en, zh)),
    ),
  );
  return [
    el(
      "section",
      { class: "box code", id: "code" },
      el("h2", {}, twice("Show this to the shop", "向商家付款")),
      el("img", {
        src: `/assets/qr.svg?text=${shown.code}`,
        alt: "QR code of the payment code",
        width: 208,
        height: 208,
      }),
      el("p", { class: "digits", id: "digits" }, shown.code.replace(/(\d{4})(?=\d)/g, "$1 ")),
      el("p", { class: "left", id: "left", role: "timer" }),
    ),
    el(
      "div",
      { class: "box" },
      el(
        "fieldset",
        { class: "choices" },
        el("legend", {}, twice("When the shop scans it", "扫码后")),
        choices,
      ),
    ),
    el(
      "div",
      { class: "actions" },
      button("wide", "New code", "刷新", () => onNew(shown.behaviour)),
    ),
  ];
}

/** The sheet that asks for the password of a scanned payment code. Any six digits are right. */
export function passwordSheet(trade, { onPay, onCancel, onLeave }) {
  const pin = el("input", {
    class: "input pin",
    id: "pin",
    type: "password",
    inputMode: "numeric",
    autocomplete: "off",
    maxLength: 6,
    pattern: "[0-9]{6}",
    required: true,
  });
  return el(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        onPay();
      },
    },
    el("h2", { id: "sheet-title" }, twice("Enter your password", "请输入支付密码")),
    el("p", { class: "quiet" }, `${trade.merchant} · ${trade.subject}`),
    el("p", { class: "amount" }, money(trade.amount, trade.currency)),
    el("label", { class: "quiet", htmlFor: "pin" }, "Any six digits will do: it is pretend money"),
    pin,
    el("p", { class: "note", id: "sheet-problem", role: "alert", hidden: true }),
    el(
      "div",
      { class: "actions" },
      el("button", { class: "button primary" }, twice("Pay", "付款")),
      button("danger", "Cancel", "取消付款", onCancel),
      button("", "Let it wait", "稍后", onLeave),
    ),
  );
}
