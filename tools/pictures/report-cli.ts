// Takes the picture of docs/close.md, the report of the demo's first day: `npm run pictures`.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { callerOf } from "../../demo/src/calls.ts";
import { createChecks } from "../../demo/src/checks.ts";
import { closeTwoDays } from "../../demo/src/closing/story.ts";
import { createTerminal } from "../../demo/src/terminal.ts";
import { withPalette } from "../../web/checkout/test/palette.ts";
import { launchBrowser } from "../testing/browser.ts";

const folder = join(import.meta.dirname, "../../docs/pictures/close");
const WIDTH = 1_000;

const terminal = createTerminal(process.stdout);
const undo: (() => Promise<unknown>)[] = [];
const told = { terminal, checks: createChecks(terminal) };
const { demo, dates } = await closeTwoDays(told, (step) => void undo.unshift(step));
const ops = callerOf(`${demo.base_url}/v1/ops`, demo.operator_token);
const { url } = await ops<{ url: string }>("POST", `/days/${dates[0]}/report_link`);
const browser = await launchBrowser();
await mkdir(folder, { recursive: true });
const page = await browser.newPage({ viewport: { width: WIDTH, height: 800 } });
await page.goto(url);
// Below it stands each invariant with its sentence, which the documentation has elsewhere.
const proof = await page.getByRole("heading", { name: "Proof of the books" }).boundingBox();
const clip = { x: 0, y: 0, width: WIDTH, height: Math.floor(proof?.y ?? 0) - 30 };
const png = await page.screenshot({ fullPage: true, animations: "disabled", clip });
await writeFile(join(folder, "report.png"), withPalette(png));
await browser.close();
for (const step of undo) await step();
