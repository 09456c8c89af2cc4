// The cashier's pages are so few and so plain that they are written out; what comes from outside is escaped.

/** Text as it may stand between tags and in attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A page of the cashier: its title in both languages, what stands on it, and a script where it has one. */
export function page(title: string, zh: string, screen: string, script: string | null = null): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
    <title>${escaped(title)} · pretend UnionPay</title>
    <link rel="icon" href="/assets/mark.svg">
    <link rel="stylesheet" href="/assets/sandbox.css">
    <link rel="stylesheet" href="/assets/wallet.css">
    ${script === null ? "" : `<script type="module" src="/assets/${script}"></script>`}
  </head>
  <body>
    <aside class="pretend" aria-label="What this is">Sandbox · pretend money
      <span lang="zh">沙箱 · 虚拟资金</span></aside>
    <div class="phone">
      <header class="bar"><h1>${escaped(title)}<span class="zh" lang="zh">${escaped(zh)}</span></h1></header>
      <main class="screen">${screen}</main>
    </div>
  </body>
</html>
`;
}

/** A text with its Chinese beside it. */
export function twice(en: string, zh: string): string {
  return `${escaped(en)} <span class="zh" lang="zh">${escaped(zh)}</span>`;
}

/** A button that is a form of its own, posting nothing but that it was pressed. */
export function buttonTo(action: string, kind: string, en: string, zh: string): string {
  return (
    `<form method="post" action="${escaped(action)}">` +
    `<button class="button ${kind}">${twice(en, zh)}</button></form>`
  );
}
