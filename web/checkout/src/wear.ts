// Puts the merchant's colour on the page, by day and in the dark.

import { brandColours } from "./brand.ts";

const DARK = "(prefers-color-scheme: dark)";
/** Of the page's grounds the ones that words are hardest to read on: see checkout.css. */
const GROUND = { light: "#eef1f5", dark: "#1f2a36" };

/** Gives the page a colour, or the usual one back; follows the browser into the dark. */
export function wear(colour: string | null): void {
  const { style } = document.documentElement;
  const colours =
    colour === null ? null : brandColours(colour, matchMedia(DARK).matches ? GROUND.dark : GROUND.light);
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) style.removeProperty(name);
    else style.setProperty(name, value);
  };
  set("--brand", colours?.brand);
  set("--brand-ink", colours?.ink);
  set("--brand-text", colours?.text);
}

/** Calls `changed` when the browser turns dark or light. */
export function watchDark(changed: () => void): void {
  const query = matchMedia(DARK);
  // Safari before 14 has no addEventListener here; there the colour stays as it was.
  if (typeof query.addEventListener === "function") query.addEventListener("change", changed);
}
