// The shop inbox: keeps the list in step with GET /inbox, and opens one delivery beside it.

import { ask, clockTime, el, find, fullTime, icon, money } from "./common.js";

const POLL_MS = 2_000;
const PAGE_SIZE = 50;

const deliveries = new Map();
const rows = new Map();
let shops = [];
let shop = shopInPath();
let verdict = "";
let words = "";
let openId = location.hash.slice(1) || null;
let shownDetail = "";
let olderCursor = null;
let first = true;

const list = find("#deliveries");

function shopInPath() {
  const [, , name = ""] = location.pathname.split("/");
  return decodeURIComponent(name);
}

function pageUrl(cursor) {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (shop !== "") query.set("shop", shop);
  if (verdict !== "") query.set("verified", verdict);
  if (cursor !== null) query.set("cursor", cursor);
  return `/inbox?${query}`;
}

async function poll() {
  const asked = pageUrl(null);
  try {
    const [page, known] = await Promise.all([ask(asked), ask("/inbox/shops")]);
    if (asked !== pageUrl(null)) return;
    shops = known.data;
    take(page);
    live("on", `Live · ${clockTime(Date.now())}`);
  } catch (error) {
    live("off", error.code === "offline" ? "Reconnecting…" : error.message);
  }
}

async function keepPolling() {
  if (!document.hidden) await poll();
  setTimeout(() => void keepPolling(), POLL_MS);
}

function live(state, text) {
  find("#live").className = `live ${state}`;
  find("#live-text").textContent = text;
}

/** The newest page says all about the range it covers: what it lacks there was cleared. */
function take(page) {
  const oldest = page.next_cursor === null ? 0 : Number(page.data.at(-1).id);
  const present = new Set(page.data.map((delivery) => delivery.id));
  for (const id of deliveries.keys()) {
    if (Number(id) >= oldest && !present.has(id)) deliveries.delete(id);
  }
  const fresh = page.data.filter((delivery) => !deliveries.has(delivery.id));
  for (const delivery of page.data) deliveries.set(delivery.id, delivery);
  if (olderCursor === null || page.next_cursor === null) olderCursor = page.next_cursor;
  render(first ? new Set() : new Set(fresh.map((delivery) => delivery.id)));
  if (!first && fresh.length > 0) heard(fresh);
  first = false;
}

function heard(fresh) {
  const refused = fresh.filter((delivery) => !delivery.verified).length;
  const plural = fresh.length === 1 ? "delivery" : "deliveries";
  find("#heard").textContent = `${fresh.length} new ${plural}${refused > 0 ? `, ${refused} refused` : ""}`;
}

async function showOlder() {
  const page = await ask(pageUrl(olderCursor));
  for (const delivery of page.data) deliveries.set(delivery.id, delivery);
  olderCursor = page.next_cursor;
  render(new Set());
}

function restart() {
  deliveries.clear();
  olderCursor = null;
  first = true;
  void poll();
}

// ── the list ────────────────────────────────────────────────────────────────────────────────────

function render(fresh) {
  const shown = [...deliveries.values()].filter(matchesWords).sort((a, b) => Number(b.id) - Number(a.id));
  const keep = new Set(shown.map((delivery) => delivery.id));
  for (const [id, row] of rows) {
    if (keep.has(id)) continue;
    row.item.remove();
    rows.delete(id);
  }
  let after = null;
  for (const delivery of shown) {
    const row = rowFor(delivery, fresh.has(delivery.id));
    const place = after === null ? list.firstChild : after.nextSibling;
    if (place !== row.item) list.insertBefore(row.item, place);
    after = row.item;
  }
  renderShops();
  renderEmpty(shown.length === 0);
  find("#older").hidden = olderCursor === null;
  renderDetail();
}

function matchesWords(delivery) {
  return words === "" || JSON.stringify(delivery).toLowerCase().includes(words);
}

/** A row is drawn once, and again only when its delivery changed, so that focus and scroll stay. */
function rowFor(delivery, isFresh) {
  const face = `${delivery.answered} ${delivery.repeat} ${delivery.id === openId}`;
  const known = rows.get(delivery.id);
  if (known?.face === face) return known;
  const item = known?.item ?? el("li");
  if (isFresh) item.classList.add("fresh");
  const hadFocus = item.contains(document.activeElement);
  const button = rowButton(delivery);
  item.replaceChildren(button);
  if (hadFocus) button.focus();
  const row = { item, face };
  rows.set(delivery.id, row);
  return row;
}

function rowButton(delivery) {
  return el(
    "button",
    {
      type: "button",
      class: "row",
      "aria-current": delivery.id === openId ? "true" : null,
      onclick: () => open(delivery.id),
    },
    seal(delivery),
    el(
      "span",
      {},
      el(
        "span",
        { class: "what" },
        titleOf(delivery),
        delivery.repeat ? el("span", { class: "chip warn" }, "repeat") : "",
      ),
      el("span", { class: `facts${delivery.verified ? "" : " bad"}` }, factsOf(delivery)),
    ),
    el("span", { class: "when" }, clockTime(delivery.received_at), el("br"), answerChip(delivery)),
  );
}

function seal({ verified }) {
  const mark = icon(verified ? "check" : "cross");
  const word = el("span", { class: "only-heard" }, verified ? "Verified" : "Refused");
  return el("span", { class: `seal ${verified ? "good" : "bad"}` }, mark, word);
}

function titleOf(delivery) {
  return delivery.type ?? (delivery.verified ? "No type" : "Unknown sender");
}

/** The line a shop's owner would want: how much, for which order. A refused one says why instead. */
function factsOf(delivery) {
  if (!delivery.verified)
    return `${delivery.shop} · ${REFUSALS[delivery.refusal.code] ?? delivery.refusal.code}`;
  const data = resourceOf(delivery);
  const number = data.merchant_order_no ?? data.merchant_refund_no ?? data.id ?? delivery.webhook_id;
  return [delivery.shop, amountOf(data), number].filter((fact) => fact !== null).join(" · ");
}

/** What the event is about stands under its kind's name: `payment` in `payment.succeeded`. */
function resourceOf({ type, payload }) {
  const data = payload?.data ?? {};
  return data[(type ?? "").split(".")[0]] ?? data;
}

function amountOf({ amount, currency }) {
  if (!Number.isSafeInteger(amount) || typeof currency !== "string" || !/^[A-Z]{3}$/.test(currency))
    return null;
  return money(amount, currency);
}

const REFUSALS = {
  missing_header: "a header is missing",
  bad_timestamp: "its timestamp is no time",
  too_old: "signed too long ago",
  too_new: "signed in the future",
  no_secret: "no secret known",
  bad_signature: "the signature is wrong",
};

function answerChip({ answered }) {
  if (answered === null) return el("span", { class: "chip warn" }, "no answer yet");
  return el("span", { class: `chip ${answered < 300 ? "good" : "bad"}` }, String(answered));
}

function renderShops() {
  const select = find("#shop");
  const names = new Set(shops.map((known) => known.shop));
  if (shop !== "") names.add(shop);
  const wanted = ["", ...names];
  const present = [...select.options].map((option) => option.value);
  if (wanted.join("\n") !== present.join("\n")) {
    select.replaceChildren(
      ...wanted.map((name) => el("option", { value: name }, name === "" ? "Every shop" : name)),
    );
  }
  select.value = shop;

  const behaving = shops.filter((known) => known.behaviour !== null && (shop === "" || known.shop === shop));
  find("#behaviour").hidden = behaving.length === 0;
  find("#behaviour").textContent = behaving.map(sayBehaviour).join(" ");
  find("#clear").hidden = shop === "" || (shops.find((known) => known.shop === shop)?.deliveries ?? 0) === 0;
}

function sayBehaviour({ shop: name, behaviour }) {
  const slow = behaviour.delay_ms > 0 ? ` after ${behaviour.delay_ms / 1000} s` : "";
  const count = behaviour.times === 1 ? "delivery" : `${behaviour.times} deliveries`;
  const times = behaviour.times === null ? "until told otherwise" : `for the next ${count}`;
  return `${name} was told to answer ${behaviour.status}${slow}, ${times}.`;
}

function renderEmpty(isEmpty) {
  const box = find("#empty");
  box.hidden = !isEmpty;
  if (!isEmpty || box.dataset.for === `${shop}/${verdict}/${words !== ""}`) return;
  box.dataset.for = `${shop}/${verdict}/${words !== ""}`;
  if (verdict !== "" || words !== "") {
    box.replaceChildren(
      el("h2", {}, "Nothing here fits"),
      el("p", {}, "Try another word, or show all deliveries."),
    );
    return;
  }
  const name = shop === "" ? "shop" : shop;
  box.replaceChildren(
    el("h2", {}, "No webhook has arrived yet"),
    el("p", {}, "Tell a shop its secret, then let the platform deliver to its address:"),
    el("pre", {}, [
      `curl -X PUT ${location.origin}/inbox/shops/${name} \\\n`,
      `  -d '{ "secret": "whsec_…" }'\n\n`,
      `url: ${location.origin}/inbox/${name}`,
    ]),
  );
}

// ── the delivery that is open ───────────────────────────────────────────────────────────────────

function open(id) {
  openId = id;
  history.replaceState(null, "", id === null ? location.pathname : `#${id}`);
  render(new Set());
  if (id === null) return;
  const pane = find("#detail");
  pane.scrollTop = 0;
  if (matchMedia("(max-width: 60rem)").matches) scrollTo(0, 0);
  pane.focus({ preventScroll: true });
}

function close() {
  const row = rows.get(openId);
  open(null);
  row?.item.querySelector("button").focus();
}

function renderDetail() {
  const delivery = openId === null ? undefined : deliveries.get(openId);
  document.body.classList.toggle("opened", delivery !== undefined);
  const face = JSON.stringify(delivery ?? null);
  if (face === shownDetail) return;
  shownDetail = face;
  find("#detail").replaceChildren(delivery === undefined ? nothingOpen() : detailOf(delivery));
}

function nothingOpen() {
  const hint = "Open a delivery to see what it said, and why it was believed or refused.";
  return el("div", { class: "empty" }, el("h2", {}, "Nothing opened"), el("p", {}, hint));
}

function detailOf(delivery) {
  const { verified, refusal, payload, headers } = delivery;
  const text = typeof payload === "string" ? payload : JSON.stringify(payload, null, 2);
  const copy = el("button", { type: "button", class: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
  });
  return el(
    "article",
    { class: "detail" },
    el("button", { type: "button", class: "button back", onclick: close }, "← All deliveries"),
    el("h2", {}, titleOf(delivery)),
    el(
      "div",
      { class: `verdict ${verified ? "" : "bad"}` },
      el("strong", {}, verified ? "Verified" : "Refused"),
      verified
        ? "Signed with this shop's secret, over exactly these bytes, within five minutes."
        : refusal.message,
    ),
    facts([
      ["Received", fullTime(delivery.received_at)],
      ["Shop", delivery.shop],
      ["Message", el("span", { class: "mono" }, delivery.webhook_id ?? "none")],
      ["Answered", answerSentence(delivery)],
      ["Repeat", delivery.repeat ? "Yes, this shop has verified this message before" : "No"],
    ]),
    el("h3", {}, "Payload", copy),
    el("pre", { class: "json" }, coloured(text)),
    el("h3", {}, "Headers"),
    facts(Object.entries(headers).map(([name, value]) => [name, el("span", { class: "mono" }, value)])),
  );
}

function answerSentence({ answered, verified }) {
  if (answered === null) return "Not yet: it was told to wait, or the sender hung up";
  if (!verified) return `${answered}, so that the sender sees it was not believed`;
  return answered < 300 ? `${answered}, taken` : `${answered}, as it was told to`;
}

function facts(pairs) {
  return el(
    "dl",
    { class: "facts-list" },
    pairs.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
  );
}

const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;

/** The text in coloured pieces; each piece is a text node, so a payload can never become markup. */
function coloured(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    const [token, string, colon] = match;
    pieces.push(text.slice(end, match.index));
    if (string === undefined)
      pieces.push(el("span", { class: /[a-z]/.test(token[0]) ? "word" : "number" }, token));
    else pieces.push(el("span", { class: colon === undefined ? "text" : "key" }, string), colon ?? "");
    end = match.index + token.length;
  }
  pieces.push(text.slice(end));
  return pieces;
}

// ── what a person does ──────────────────────────────────────────────────────────────────────────

find("#verdict").addEventListener("change", (event) => {
  verdict = event.target.value;
  restart();
});
find("#shop").addEventListener("change", (event) => {
  shop = event.target.value;
  openId = null;
  history.replaceState(null, "", shop === "" ? "/inbox" : `/inbox/${encodeURIComponent(shop)}`);
  restart();
});
find("#search").addEventListener("input", (event) => {
  words = event.target.value.trim().toLowerCase();
  render(new Set());
});
find("#older").addEventListener("click", () => void showOlder());
find("#clear").addEventListener("click", async () => {
  await fetch(`/inbox/${encodeURIComponent(shop)}`, { method: "DELETE" });
  restart();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && openId !== null) close();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void poll();
});

renderDetail();
void keepPolling();
