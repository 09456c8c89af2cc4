/** Pages as text: what is not markup is escaped, always. */

import { escapeMarkup } from "../../kernel/markup.ts";

export type Html = { readonly html: string };

type Part = string | Html | null | readonly Html[];

/** Markup whose holes are filled with escaped text, or with other markup as it is. */
export function html(markup: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const filled = parts.map((part) => {
    if (part === null) return "";
    if (typeof part === "string") return escapeMarkup(part);
    return "html" in part ? part.html : part.map((one) => one.html).join("");
  });
  return { html: markup.map((text, index) => text + (filled[index] ?? "")).join("") };
}

/** Markup made elsewhere, such as a drawing. */
export function markup(text: string): Html {
  return { html: text };
}
