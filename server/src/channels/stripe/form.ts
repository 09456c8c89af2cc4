/** What a form field holds: a scalar, a list, or fields of its own. */
export type FormValue = string | number | boolean | readonly FormValue[] | FormFields;
export type FormFields = { readonly [name: string]: FormValue };

/** Fields as Stripe reads them: nested names in brackets, lists by index, in the order given. */
export function formText(fields: FormFields): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => pairsOf(name, value))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
}

function pairsOf(name: string, value: FormValue): [name: string, value: string][] {
  if (typeof value !== "object") return [[name, String(value)]];
  return Object.entries(value).flatMap(([key, part]) => pairsOf(`${name}[${key}]`, part));
}
