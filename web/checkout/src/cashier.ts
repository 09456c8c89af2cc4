// The page as it lives: asks the server for the payment's state, shows it, and takes the buyer's choice of
// method.

import type { Answer, Device, State } from "./api.ts";
import { fetchState, startAttempt } from "./api.ts";
import { byId, fill } from "./dom.ts";
import type { Leaving } from "./leaving.ts";
import { leavingOf } from "./leaving.ts";
import type { Live } from "./live.ts";
import { liveStatus } from "./live.ts";
import { delayUntilNext } from "./polling.ts";
import type { Drawing } from "./render.ts";
import { drawScreen, drawSummary, titleOf } from "./render.ts";
import type { Screen } from "./screen.ts";
import { deviceOf, isCode, isPayable, remaining, screenOf, startsByItself, webAddress } from "./screen.ts";
import type { Texts } from "./texts.ts";
import { tongueFor, walletOf } from "./texts.ts";

const RETURN_AFTER_SECONDS = 5;
const HURRY_MS = 60_000;
/** Refusals that the next state shows as a screen of its own. */
const TOLD_BY_STATE = ["payment_final", "payment_expired"];

export class Cashier {
  private readonly base: string = location.pathname.replace(/\/+$/, "");
  private readonly device: Device;
  private readonly texts: Texts;
  private readonly locale: string;
  private readonly leaving: Leaving;
  private readonly live: Live;

  private state: State | null = null;
  private screen: Screen = { kind: "loading" };
  /** Why the last step did not work, until the screen changes. */
  private notice: string | null = null;
  private chosen: string | null = null;
  /** How far the server's clock is ahead of this one: a countdown follows the server's. */
  private skewMs = 0;
  private failures = 0;
  /** While an attempt is being started, what the server tells waits for the answer. */
  private starting = false;
  private toldMeanwhile = false;
  /** Counts questions: only the answer to the last one is shown. */
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private returnAt: number | null = null;
  private drawn = "";

  constructor() {
    this.device = deviceOf(navigator.userAgent, matchMedia("(pointer: coarse)").matches, innerWidth);
    const { texts, locale } = tongueFor(navigator.languages ?? [navigator.language]);
    this.texts = texts;
    this.locale = locale;
    this.leaving = leavingOf(this.base);
    this.live = liveStatus(
      this.base,
      (state) => this.told(state),
      () => this.schedule(),
    );
  }

  open(): void {
    document.documentElement.lang = this.texts.htmlLang;
    // A wallet that sends the buyer back adds what it has to say; the server hears it elsewhere, signed.
    if (location.search !== "") history.replaceState(null, "", this.base);
    byId("foot").textContent = this.texts.powered;
    this.show(this.screen);
    setInterval(() => this.tick(), 1000);
    document.addEventListener("visibilitychange", () => {
      this.keepLive();
      if (!document.hidden) this.refreshIfUseful();
    });
    addEventListener("online", () => this.refreshIfUseful());
    addEventListener("pagehide", () => this.live.close());
    addEventListener("offline", () => this.say(this.texts.offline));
    // A page kept by the browser's back button is shown as it was left: it asks what happened since.
    addEventListener("pageshow", (event) => {
      if (event.persisted) void this.refresh();
    });
    void this.refresh();
  }

  // ── asking ────────────────────────────────────────────────────────────────────────────────────

  private async refresh(): Promise<void> {
    const mine = this.nextTurn();
    const answer = await fetchState(this.base);
    if (mine === this.turn) this.take(answer);
  }

  private refreshIfUseful(): void {
    const mayChange = this.failures > 0 || (this.state !== null && this.state.poll_after_ms !== null);
    if (mayChange && !this.starting) void this.refresh();
  }

  private keepLive(): void {
    const mayChange = this.state !== null && !this.state.payment.status_final;
    this.live.keep(mayChange && !document.hidden);
  }

  /** The server tells by itself. An answer that is under way and older is then of no use. */
  private told(state: State): void {
    if (this.starting) {
      this.toldMeanwhile = true;
      return;
    }
    this.nextTurn();
    this.take({ kind: "state", state });
  }

  private async choose(method: string, byBuyer: boolean): Promise<void> {
    const mine = this.nextTurn();
    this.chosen = method;
    this.notice = null;
    this.show({ kind: "preparing", method, leaving: byBuyer && !isCode(method) });
    this.starting = true;
    this.toldMeanwhile = false;
    const answer = await startAttempt(this.base, method, this.device);
    this.starting = false;
    if (mine !== this.turn) return;
    if (answer.kind === "problem" || answer.kind === "unreachable") {
      // What the server made of it is told by the next state, not guessed here.
      this.notice = this.explain(answer);
      this.chosen = null;
      await this.refresh();
      return;
    }
    this.take(answer);
    if (this.toldMeanwhile) void this.refresh();
    const action = answer.kind === "state" ? answer.state.next_action : null;
    if (byBuyer && action !== null && action.type === "redirect") this.leave(action.url);
  }

  private explain(answer: Answer & { kind: "problem" | "unreachable" }): string | null {
    const { texts } = this;
    if (answer.kind === "unreachable") return texts.tryAgain;
    if (TOLD_BY_STATE.includes(answer.problem.code)) return null;
    const inEnglish = texts.htmlLang === "en" ? answer.problem.detail : "";
    return texts.problems[answer.problem.code] ?? (inEnglish || texts.tryAgain);
  }

  private take(answer: Answer): void {
    if (answer.kind === "state") {
      this.takeState(answer.state);
    } else if (answer.kind === "unknown_token") {
      this.state = null;
      this.online();
      this.show({ kind: "unknown" });
    } else {
      this.failures += 1;
      this.say(navigator.onLine === false ? this.texts.offline : this.texts.reconnecting);
      this.schedule();
    }
  }

  private takeState(state: State): void {
    const before = this.state;
    // Answers and what the server tells by itself may overtake each other.
    if (before !== null && Date.parse(state.server_time) < Date.parse(before.server_time)) {
      this.online();
      this.schedule();
      return;
    }
    this.state = state;
    this.skewMs = Date.parse(state.server_time) - Date.now();
    this.online();
    const next = screenOf(state, this.device);
    const passing = this.screen.kind === "loading" || this.screen.kind === "preparing";
    if (next.kind !== this.screen.kind && !passing) this.notice = null;
    if (next.kind === "paid" && (before === null || before.view !== "paid"))
      this.startReturn(before !== null);
    this.show(next);
    const byItself = before === null ? startsByItself(next, this.device) : null;
    if (byItself === null) this.schedule();
    else void this.choose(byItself, false);
  }

  private nextTurn(): number {
    clearTimeout(this.timer);
    this.turn += 1;
    return this.turn;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    const pollAfterMs = this.state === null ? null : this.state.poll_after_ms;
    const hidden = document.hidden;
    const delay = delayUntilNext({ pollAfterMs, failures: this.failures, hidden, live: this.live.works() });
    if (delay !== null) this.timer = setTimeout(() => void this.refresh(), delay);
  }

  private online(): void {
    this.failures = 0;
    this.say("");
  }

  /** A payment that has ended needs no connection any more, so none is missed. */
  private say(words: string): void {
    const banner = byId("banner");
    const said = this.state?.payment.status_final ? "" : words;
    if (banner.textContent !== said) banner.textContent = said;
  }

  // ── leaving and coming back ───────────────────────────────────────────────────────────────────

  private leave(url: string): void {
    const address = webAddress(url);
    if (address === null) return;
    this.leaving.mark();
    location.assign(address);
  }

  private startReturn(watched: boolean): void {
    const cameBack = this.leaving.take();
    const address = this.state === null ? null : webAddress(this.state.payment.return_url);
    if (address !== null && (watched || cameBack)) this.returnAt = Date.now() + RETURN_AFTER_SECONDS * 1000;
  }

  private tick(): void {
    const { state } = this;
    if (state === null) return;
    this.keepLive();
    const returning = document.getElementById("returning");
    if (returning !== null && this.returnAt !== null) this.tickReturn(returning, state.payment.return_url);
    const timer = document.getElementById("timer");
    const expiresAt = state.payment.expires_at;
    if (timer !== null && expiresAt !== null) this.tickTimer(timer, Date.parse(expiresAt));
  }

  private tickReturn(line: HTMLElement, url: string | null): void {
    const seconds = Math.max(0, Math.ceil(((this.returnAt ?? 0) - Date.now()) / 1000));
    line.textContent = this.texts.returning(seconds);
    const address = webAddress(url);
    if (seconds > 0 || address === null) return;
    this.returnAt = null;
    location.assign(address);
  }

  private tickTimer(line: HTMLElement, expiresAt: number): void {
    const { texts } = this;
    const leftMs = expiresAt - (Date.now() + this.skewMs);
    const left = remaining(leftMs);
    const [label, time] = [line.children[0], line.children[1]];
    if (label === undefined || time === undefined) return;
    const style = { dateStyle: "medium", timeStyle: "short" } as const;
    label.textContent = left === null ? texts.payBefore : texts.timeLeft;
    time.textContent = left ?? new Date(expiresAt).toLocaleString(this.locale, style);
    line.classList.toggle("hurry", leftMs < HURRY_MS);
    if (leftMs <= 0 && !line.classList.contains("over")) {
      line.classList.add("over");
      this.refreshIfUseful();
    }
  }

  // ── showing ───────────────────────────────────────────────────────────────────────────────────

  private show(screen: Screen): void {
    const changed = screen.kind !== this.screen.kind;
    this.screen = screen;
    const drawing = this.drawing();
    const { payment, notice, wallet, returns } = drawing;
    const face = JSON.stringify([screen, payment, notice, wallet, returns]);
    if (face === this.drawn) return;
    this.drawn = face;
    this.draw(drawing);
    if (changed) byId("heard").textContent = titleOf(screen, drawing);
    this.tick();
  }

  /** The way that the screen is about: while another one is being prepared, that one. */
  private present(): string | null {
    const live = this.state?.method ?? null;
    return this.screen.kind === "preparing" ? (this.chosen ?? live) : (live ?? this.chosen);
  }

  private drawing(): Drawing {
    const offered = this.state === null ? [] : this.state.methods.map((method) => method.method);
    return {
      texts: this.texts,
      locale: this.locale,
      device: this.device,
      payment: this.state === null ? null : this.state.payment,
      wallet: walletOf(this.present(), offered, this.texts),
      notice: this.notice,
      returns: this.returnAt !== null,
      onChoose: (method) => void this.choose(method, true),
      onLeave: (url) => this.leave(url),
      onStay: () => {
        this.returnAt = null;
        this.show(this.screen);
      },
    };
  }

  private draw(drawing: Drawing): void {
    const { screen } = this;
    const action = byId("action");
    const hadFocus = action.contains(document.activeElement);
    byId("cashier").className = `card ${screen.kind}`;
    fill(byId("side"), drawSummary(drawing, isPayable(screen)));
    fill(action, drawScreen(screen, drawing));
    const merchant = drawing.payment === null ? "" : ` · ${drawing.payment.merchant_name}`;
    document.title = `${titleOf(screen, drawing)}${merchant}`;
    // What had the focus is gone; the new title takes it, so that a keyboard goes on from here.
    if (hadFocus) byId("title").focus();
  }
}
