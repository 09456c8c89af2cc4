// What the sandbox's pages share: making elements, asking the sandbox, writing money and time.

/** An element: `props` are properties, except `class`, `data-*`, `aria-*`, `role` and `on…` handlers. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && !name.includes("-")) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""),
  );
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

// Drawn, because not every machine's fonts have these signs.
const ICONS = {
  check: "M5 13l4.5 4.5L19 7",
  cross: "M7 7l10 10M17 7L7 17",
  bang: "M12 5v8.5M12 18.5v.2",
  clock: "M12 6v6.5l4 2.5",
  away: "M10 6l-5 5 5 5M5 11h9a5 5 0 0 1 5 5v2",
  question: "M9 9a3 3 0 1 1 4.6 2.5c-1 .7-1.6 1.3-1.6 2.7M12 18.5v.2",
  bars: "M3 5v14M7 5v14M10 5v14M14 5v14M17 5v14M21 5v14",
};

/** A sign for the eye alone: what it says stands beside it in words. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  drawing.append(path);
  return drawing;
}

export function find(selector) {
  return document.querySelector(selector);
}

/** Asks the sandbox; throws an Error whose message a person can read, with the answer's `code` on it. */
export async function ask(path, body) {
  const options = { headers: { accept: "application/json" } };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw withCode(new Error("The sandbox does not answer. Is the server still running?"), "offline");
  }
  const text = await answer.text();
  const data = text === "" ? null : parsed(text);
  if (answer.ok) return data;
  const error = data?.error ?? {};
  throw withCode(
    new Error(error.message ?? `The sandbox answered ${answer.status}.`),
    error.code ?? "unknown",
  );
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function withCode(error, code) {
  error.code = code;
  return error;
}

const DIGITS = { JPY: 0, KRW: 0, VND: 0, KWD: 3 };

/** An amount of minor units as people write it. No arithmetic on it: 2^53 fen are still exact. */
export function money(amount, currency) {
  const digits = DIGITS[currency] ?? 2;
  const text = String(amount).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const format = new Intl.NumberFormat("en", {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
  });
  return format
    .formatToParts(Number(whole))
    .map((part) => (part.type === "fraction" ? text.slice(text.length - digits) : part.value))
    .join("");
}

const CLOCK_TIME = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const FULL_TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const clockTime = (instant) => CLOCK_TIME.format(new Date(instant));
export const fullTime = (instant) => FULL_TIME.format(new Date(instant));

/** `mm:ss` or `h:mm:ss` until an instant, never below zero. */
export function countdown(instant) {
  const seconds = Math.max(0, Math.ceil((new Date(instant).getTime() - Date.now()) / 1000));
  const pad = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const text = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  return { seconds, text: hours > 0 ? `${hours}:${text}` : text };
}
