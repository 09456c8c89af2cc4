const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as markup: what it says, in an element or between quotes, and never markup itself. */
export function escapeMarkup(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
/** A page or a part of one: what is not markup is escaped, always. */
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
