/**
 * The page that sends a form on to a channel. It is a page of its own so that its policy can name the one
 * address that the form may go to, while the cashier's lets no form go anywhere. Pure.
 */

import { escapeMarkup } from "../kernel/markup.ts";

export type FormAction = { readonly url: string; readonly form: Readonly<Record<string, string>> };

const TEXTS = {
  en: { lang: "en", title: "Taking you to the payment page…", button: "Continue" },
  zh: { lang: "zh-CN", title: "正在前往支付页面…", button: "继续" },
} as const;

/** The page and its policy; null where a browser may not be sent to such an address. */
export function goPage(
  action: FormAction,
  ordinal: number,
  acceptLanguage: string | undefined,
): { readonly html: string; readonly policy: string } | null {
  const target = URL.canParse(action.url) ? new URL(action.url) : null;
  if (target === null || !["https:", "http:"].includes(target.protocol)) return null;
  const { lang, title, button } = /^\s*zh\b/i.test(acceptLanguage ?? "") ? TEXTS.zh : TEXTS.en;
  const address = escapeMarkup(target.href);
  const fields = Object.entries(action.form).map(
    ([name, value]) => `<input type="hidden" name="${escapeMarkup(name)}" value="${escapeMarkup(value)}">`,
  );
  const html = `<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/pay/assets/checkout.css">
<script src="/pay/assets/go.js" defer></script>
</head>
<body>
<main class="card loading"><div class="action">
<div class="spinner" aria-hidden="true"></div>
<h1 class="title">${title}</h1>
<form id="go" data-attempt="${ordinal}" method="post" action="${address}" accept-charset="utf-8">
${fields.join("\n")}
<button class="button main" type="submit">${button}</button>
</form>
</div></main>
</body>
</html>
`;
  const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
    `base-uri 'none'; form-action ${target.origin}; frame-ancestors 'none'`;
  return { html, policy };
}
