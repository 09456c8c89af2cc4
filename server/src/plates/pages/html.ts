/** Pages as text: what is not markup is escaped, always. */

export type Html = { readonly html: string };

type Part = string | Html | null | readonly Html[];

/** Markup whose holes are filled with escaped text, or with other markup as it is. */
export function html(markup: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const filled = parts.map((part) => {
    if (part === null) return "";
    if (typeof part === "string") return escaped(part);
    return "html" in part ? part.html : part.map((one) => one.html).join("");
  });
  return { html: markup.map((text, index) => text + (filled[index] ?? "")).join("") };
}

/** Markup made elsewhere, such as a drawing. */
export function markup(text: string): Html {
  return { html: text };
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
