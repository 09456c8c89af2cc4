import type { Channels } from "../channels/index.ts";
import { payingApps, walletOfUserAgent } from "../codes/index.ts";

/** The app in whose own browser a page is open. */
export type Inside = {
  readonly name: { readonly en: string; readonly zh: string };
  /** Whose orders can be paid inside; null: nobody's. */
  readonly channel: string | null;
  /** Pages that do not open inside: those of other wallets, and some of its own. */
  readonly blocked: readonly string[];
};

/** Null: an ordinary browser, or an app that is not known. */
export function insideOf(userAgent: string, channels: Pick<Channels, "channel">): Inside | null {
  const app = walletOfUserAgent(userAgent);
  if (app === null) return null;
  const blocked = payingApps().flatMap(({ channel }) =>
    Object.entries((channel === null ? null : channels.channel(channel))?.traits.scenes ?? {})
      .filter(([method, { kind }]) => kind === "redirect" && !app.methods.includes(method))
      .map(([method]) => method),
  );
  return { name: app.displayName, channel: app.channel, blocked };
}
