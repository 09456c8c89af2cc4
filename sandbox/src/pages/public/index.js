// The front door: what faults there are comes from the sandbox itself, so this page cannot disagree with it.

import { ask, el, find } from "./common.js";

const POLL_MS = 3_000;

const example = { kind: "answer_lost_after_success", match: { method: "alipay.trade.pay" }, count: 1 };
find("#example").textContent =
  `curl ${location.origin}/faults \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify(example)}'`;

async function showKinds() {
  const { data } = await ask("/faults/kinds");
  find("#kinds").replaceChildren(...data.map(kindRow));
}

function kindRow({ kind, happens, at, params }) {
  return el(
    "div",
    {},
    el("dt", {}, kind),
    el("dd", {}, happens, el("span", { class: "at" }, `At ${at}.`), Object.entries(params).map(paramLine)),
  );
}

function paramLine([name, { default: usual, oneOf, means }]) {
  const values = oneOf === undefined ? "" : ` (${oneOf.join(", ")})`;
  const otherwise = usual === undefined ? "" : `; usually ${usual}`;
  return el("span", { class: "param" }, el("code", {}, name), `${values}: ${means}${otherwise}.`);
}

async function showArmed() {
  const { data } = await ask("/faults");
  const armed = data.filter((fault) => fault.remaining !== 0);
  const lines = armed.map((fault) =>
    el("li", {}, el("b", { class: "mono" }, fault.kind), ` · ${armedWords(fault)}`),
  );
  const none = el("li", { class: "none" }, "None. Everything goes well.");
  find("#armed").replaceChildren(...(lines.length > 0 ? lines : [none]));
}

const TIMES = ["not happened yet", "happened once"];

function armedWords({ match, rate, remaining, happened }) {
  const to = Object.values(match).filter((value) => value !== undefined && value !== null);
  const where = to.length === 0 ? "everywhere" : `for ${to.join(", ")}`;
  const often = rate < 1 ? `, ${Math.round(rate * 100)} % of the time` : "";
  const left = remaining === null ? "" : `, ${remaining} left`;
  return `${where}${often}${left}, ${TIMES[happened] ?? `happened ${happened} times`}`;
}

async function keepShowing() {
  // The next round tries again; a page of documentation need not shout that the server is down.
  if (!document.hidden) await showArmed().catch(() => {});
  setTimeout(() => void keepShowing(), POLL_MS);
}

void showKinds();
void keepShowing();
