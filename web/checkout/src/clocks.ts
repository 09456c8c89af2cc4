// The lines of the page that count: until when the buyer can pay, and when the page goes back to the shop.

import { remaining } from "./screen.ts";
import type { Tongue } from "./texts.ts";

const HURRY_MS = 60_000;

export interface Deadline {
  readonly leftMs: number;
  readonly expiresAt: Date;
  readonly tongue: Tongue;
}

export function tellTimer(line: HTMLElement, { leftMs, expiresAt, tongue }: Deadline): void {
  const { texts, locale } = tongue;
  const left = remaining(leftMs);
  const [label, time] = [line.children[0], line.children[1]];
  if (label === undefined || time === undefined) return;
  const style = { dateStyle: "medium", timeStyle: "short" } as const;
  label.textContent = left === null ? texts.payBefore : texts.timeLeft;
  time.textContent = left ?? expiresAt.toLocaleString(locale, style);
  line.classList.toggle("hurry", leftMs < HURRY_MS);
  line.classList.toggle("over", leftMs <= 0);
}

export function tellReturn(line: HTMLElement, leftMs: number, { texts }: Tongue): void {
  line.textContent = texts.returning(Math.max(0, Math.ceil(leftMs / 1000)));
}
