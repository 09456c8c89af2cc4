// The page as it lives: asks the server for the payment's state, shows it, and takes the buyer's choice of
// method.

import type { Answer, State } from "./api.ts";
import { fetchState, startAttempt } from "./api.ts";
import type { BeaconKind } from "./beacon.ts";
import { JUMP_MS, sendBeacon } from "./beacon.ts";
import { tellReturn, tellTimer } from "./clocks.ts";
import { byId, fill } from "./dom.ts";
import type { Leaving } from "./leaving.ts";
import { leavingOf } from "./leaving.ts";
import type { Live } from "./live.ts";
import { liveStatus } from "./live.ts";
import type { Place } from "./place.ts";
import { deviceOf } from "./place.ts";
import { delayUntilNext } from "./polling.ts";
import type { Drawing } from "./render.ts";
import { drawScreen, drawSummary, titleOf } from "./render.ts";
import type { Screen, Way } from "./screen.ts";
import { isDead, isPayable, screenOf, startsByItself, webAddress } from "./screen.ts";
import type { Tongue } from "./texts.ts";
import { otherTongue, tongueFor, walletOf } from "./texts.ts";
import { watchDark, wear } from "./wear.ts";

const RETURN_AFTER_SECONDS = 5;
/** Refusals that the next state shows as a screen of its own. */
const TOLD_BY_STATE = ["payment_final", "payment_expired"];

/** How an attempt comes to be started. */
interface Start {
  /** By a tap, so that the page may leave for the wallet. */
  readonly byBuyer: boolean;
  /** The attempt whose code is dead. */
  readonly renews: number | null;
}

export class Cashier {
  private readonly base: string = location.pathname.replace(/\/+$/, "");
  private place: Place;
  private tongue: Tongue;
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
  /** The attempt that was to be renewed unasked: once is enough. */
  private renewed: number | null = null;
  private reported: number | null = null;
  /** Counts questions: only the answer to the last one is shown. */
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private jump: ReturnType<typeof setTimeout> | undefined;
  private returnAt: number | null = null;
  private drawn = "";

  constructor() {
    const device = deviceOf(navigator.userAgent, matchMedia("(pointer: coarse)").matches, innerWidth);
    this.place = { device, inside: null };
    this.tongue = tongueFor(navigator.languages ?? [navigator.language]);
    this.leaving = leavingOf(this.base);
    const lost = () => this.schedule();
    this.live = liveStatus(this.base, (state) => this.told(state), lost);
  }

  open(): void {
    // A wallet that sends the buyer back adds what it has to say; the server hears it elsewhere, signed.
    if (location.search !== "") history.replaceState(null, "", this.base);
    this.speak(this.tongue);
    byId("tongue").addEventListener("click", () => this.speak(otherTongue(this.tongue)));
    watchDark(() => wear(this.state?.brand.colour ?? null));
    setInterval(() => this.tick(), 1000);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) clearTimeout(this.jump);
      this.keepLive();
      if (!document.hidden) this.refreshIfUseful();
    });
    addEventListener("online", () => this.refreshIfUseful());
    addEventListener("offline", () => this.say(this.tongue.texts.offline));
    addEventListener("pagehide", () => {
      clearTimeout(this.jump);
      this.live.close();
    });
    // A page kept by the browser's back button is shown as it was left: it asks what happened since.
    addEventListener("pageshow", (event) => {
      if (event.persisted) void this.refresh();
    });
    void this.refresh();
  }

  private speak(tongue: Tongue): void {
    this.tongue = tongue;
    const { texts } = tongue;
    document.documentElement.lang = texts.htmlLang;
    document.documentElement.dir = texts.dir;
    byId("foot").textContent = texts.powered;
    const other = byId("tongue");
    other.textContent = texts.otherLanguage;
    other.lang = otherTongue(tongue).texts.htmlLang;
    this.notice = null;
    this.drawn = "";
    this.show(this.screen);
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

  private async start(method: string, { byBuyer, renews }: Start): Promise<void> {
    const mine = this.nextTurn();
    const kind = this.state?.methods.find((one) => one.method === method)?.kind;
    const leaving = byBuyer && kind !== "qr";
    this.chosen = method;
    this.notice = null;
    this.starting = true;
    this.toldMeanwhile = false;
    this.show({ kind: "preparing", method, leaving, renewing: renews !== null && !leaving });
    const answer = await startAttempt(this.base, method, this.place.device, renews);
    this.starting = false;
    if (mine !== this.turn) return;
    if (answer.kind === "problem" || answer.kind === "unreachable") {
      // What the server made of it is told by the next state, not guessed here. A renewal that failed is told
      // by the dead code.
      this.notice = renews === null ? this.explain(answer) : null;
      this.chosen = null;
      await this.refresh();
      return;
    }
    this.take(answer);
    if (this.toldMeanwhile) void this.refresh();
    if (leaving && this.screen.kind === "go") this.leave(this.screen.way);
  }

  private explain(answer: Answer & { kind: "problem" | "unreachable" }): string | null {
    const { texts } = this.tongue;
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
      const { texts } = this.tongue;
      this.failures += 1;
      this.say(navigator.onLine === false ? texts.offline : texts.reconnecting);
      this.schedule();
    }
  }

  private takeState(state: State): void {
    const before = this.state;
    this.online();
    // Answers and what the server tells by itself may overtake each other.
    if (before !== null && Date.parse(state.server_time) < Date.parse(before.server_time)) {
      this.schedule();
      return;
    }
    this.state = state;
    if (state.inside !== undefined) this.place = { ...this.place, inside: state.inside };
    this.skewMs = Date.parse(state.server_time) - Date.now();
    if (before?.brand.colour !== state.brand.colour) wear(state.brand.colour);
    this.follow(state, before);
  }

  /** Shows what a state has become, and does what follows from it by itself. */
  private follow(state: State, before: State | null): void {
    const next = screenOf(state, this.place, this.serverNow());
    const passing = this.screen.kind === "loading" || this.screen.kind === "preparing";
    if (next.kind !== this.screen.kind && !passing) this.notice = null;
    if (next.kind === "paid" && (before === null || before.view !== "paid"))
      this.startReturn(before !== null);
    const byItself = before === null ? startsByItself(next, this.place) : null;
    if (byItself !== null) void this.start(byItself, { byBuyer: false, renews: null });
    else if (this.isToRenew(next)) this.renew(next.method);
    else {
      this.show(next);
      this.schedule();
      this.reportUnusable(state);
    }
  }

  /** A way on that no browser may take is the channel's fault, and told once. */
  private reportUnusable({ attempt, next_action: action }: State): void {
    const unusable = action?.type === "redirect" && webAddress(action.url) === null;
    if (!unusable || attempt === null || attempt === this.reported) return;
    this.reported = attempt;
    sendBeacon(this.base, attempt, "redirect_failed");
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

  private serverNow(): number {
    return Date.now() + this.skewMs;
  }

  /** A payment that has ended needs no connection any more, so none is missed. */
  private say(words: string): void {
    const banner = byId("banner");
    const said = this.state?.payment.status_final ? "" : words;
    if (banner.textContent !== said) banner.textContent = said;
  }

  // ── codes that die ────────────────────────────────────────────────────────────────────────────

  /** A dead code is replaced unasked, once, where somebody looks at it. */
  private isToRenew(screen: Screen): screen is Screen & { kind: "renew" } {
    const attempt = this.state?.attempt ?? null;
    return screen.kind === "renew" && !document.hidden && attempt !== this.renewed;
  }

  private renew(method: string): void {
    const renews = this.state?.attempt ?? null;
    this.renewed = renews;
    void this.start(method, { byBuyer: false, renews });
  }

  // ── leaving and coming back ───────────────────────────────────────────────────────────────────

  /** By a tap on a button whose link may be dead: then the link is replaced on the way. */
  private setOut(way: Way): void {
    const { state } = this;
    if (state !== null && state.method !== null && isDead(state, this.serverNow())) {
      void this.start(state.method, { byBuyer: true, renews: state.attempt });
    } else this.leave(way);
  }

  private leave(way: Way): void {
    const address = way === "form" ? `${this.base}/go` : webAddress(way.url);
    if (address === null) return;
    this.leaving.mark();
    clearTimeout(this.jump);
    this.jump = setTimeout(() => this.trouble("no_jump"), JUMP_MS);
    location.assign(address);
  }

  /** The wallet did not open, as the page sees or the buyer says. */
  private trouble(kind: BeaconKind): void {
    const attempt = this.state?.attempt ?? null;
    if (attempt === null || this.screen.kind !== "go") return;
    sendBeacon(this.base, attempt, kind);
    const { texts } = this.tongue;
    this.notice = this.screen.others.length > 0 ? texts.trouble : texts.troubleOnly;
    this.show(this.screen);
  }

  private startReturn(watched: boolean): void {
    const cameBack = this.leaving.take();
    const address = this.state === null ? null : webAddress(this.state.payment.return_url);
    if (address !== null && (watched || cameBack)) this.returnAt = Date.now() + RETURN_AFTER_SECONDS * 1000;
  }

  private tick(): void {
    const { state, screen } = this;
    if (state === null) return;
    this.keepLive();
    if (screen.kind === "scan" && isDead(state, this.serverNow())) this.follow(state, state);
    const returning = document.getElementById("returning");
    if (returning !== null && this.returnAt !== null) this.tickReturn(returning, state.payment.return_url);
    const timer = document.getElementById("timer");
    const expiresAt = state.payment.expires_at;
    if (timer === null || expiresAt === null) return;
    const wasOver = timer.classList.contains("over");
    const leftMs = Date.parse(expiresAt) - this.serverNow();
    tellTimer(timer, { leftMs, expiresAt: new Date(expiresAt), tongue: this.tongue });
    if (leftMs <= 0 && !wasOver) this.refreshIfUseful();
  }

  private tickReturn(line: HTMLElement, url: string | null): void {
    const leftMs = (this.returnAt ?? 0) - Date.now();
    tellReturn(line, leftMs, this.tongue);
    const address = webAddress(url);
    if (leftMs > 0 || address === null) return;
    this.returnAt = null;
    location.assign(address);
  }

  // ── showing ───────────────────────────────────────────────────────────────────────────────────

  private show(screen: Screen): void {
    const changed = screen.kind !== this.screen.kind;
    this.screen = screen;
    const drawing = this.drawing();
    const { payment, notice, wallet, returns, logo } = drawing;
    const face = JSON.stringify([screen, payment, notice, wallet, returns, logo]);
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
    const { state } = this;
    const { texts, locale } = this.tongue;
    const { inside, device } = this.place;
    const offered = state === null ? [] : state.methods.map((method) => method.method);
    const logo = state === null ? null : state.brand.logo;
    return {
      texts,
      locale,
      device,
      payment: state === null ? null : state.payment,
      logo: logo === null ? null : `${this.base}/logo?v=${logo}`,
      wallet: walletOf(this.present(), offered, texts),
      notice: this.notice,
      returns: this.returnAt !== null,
      insideWallet: inside === null ? null : inside.name[texts.htmlLang === "en" ? "en" : "zh"],
      onChoose: (method) => void this.start(method, { byBuyer: true, renews: null }),
      onLeave: (way) => this.setOut(way),
      onRenew: (method) => this.renew(method),
      onTrouble: () => this.trouble("does_not_open"),
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
