/** The API's documentation as pages: the reference made from the route schemas, and a list of every error. */
import swaggerUi from "@fastify/swagger-ui";
import { ERRORS } from "../kernel/errors.ts";
import type { Http } from "../kernel/http.ts";
import { escapeMarkup } from "../kernel/markup.ts";

const CSP =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors " +
  "'none'";

/** The package's page says nothing to phones, and then they show it as small as a desktop's. */
const VIEWPORT = `document.head.insertAdjacentHTML(
  "beforeend",
  '<meta name="viewport" content="width=device-width, initial-scale=1">',
);`;

/** Adds `/docs` and `/docs/errors`, and leads there whoever opens the bare address. */
export async function registerDocs(http: Http): Promise<void> {
  await http.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: true,
    uiConfig: {
      layout: "BaseLayout",
      deepLinking: true,
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      tagsSorter: "alpha",
    },
    theme: { title: "Tributary API", js: [{ filename: "viewport.js", content: VIEWPORT }] },
  });
  http.get("/", { schema: { hide: true } }, (_, reply) => reply.redirect("/docs"));
  const page = errorsPage();
  http.get("/docs/errors", { schema: { hide: true } }, (_, reply) =>
    reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", CSP)
      .send(page),
  );
}

function errorsPage(): string {
  const rows = Object.entries(ERRORS)
    .map(
      ([code, { status, title, remedy }]) =>
        `<tr id="${code}"><td><a href="#${code}"><code>${code}</code></a></td><td>${status}</td>` +
        `<td><strong>${escapeMarkup(title)}.</strong> ${escapeMarkup(remedy)}</td></tr>`,
    )
    .join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Errors of the Tributary API</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; padding: 0 1rem; max-width: 60rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .6rem .8rem; border-bottom: 1px solid #8884; text-align: start; vertical-align: top; }
tr:target { background: #fd02; }
code { white-space: nowrap; }
@media (max-width: 40rem) {
  td, th { display: block; border: 0; padding: .1rem 0; }
  tr { display: block; padding: .7rem 0; border-bottom: 1px solid #8884; }
  thead { display: none; }
}
</style>
</head>
<body>
<h1>Errors</h1>
<p>Every error is an RFC 9457 problem document (<code>application/problem+json</code>) with a stable
<code>code</code>, the offending <code>field</code> where there is one, and the <code>request_id</code> to
quote.
<a href="/docs">The API reference</a></p>
<table>
<thead><tr><th>Code</th><th>Status</th><th>What it means, and what to do</th></tr></thead>
<tbody>
${rows}
</tbody>
</table>
</body>
</html>
`;
}
