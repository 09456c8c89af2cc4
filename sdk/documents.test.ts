import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tributary-documents-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What an example may use without saying where it comes from; what it declares itself comes first. */
const AROUND = `
type Sdk = typeof import("@tributary/sdk");
declare const TributaryError: Sdk["TributaryError"];
declare const tributary: import("@tributary/sdk").Tributary;
declare const payment: import("@tributary/sdk").Payment;
declare const request: Request;
declare const body: Uint8Array;
declare function handOver(orderNo: string): Promise<void>;
declare function note(refundNo: string | null): Promise<void>;
`;
writeFileSync(join(folder, "around.d.ts"), AROUND);
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');

for (const document of ["sdk/README.md", "docs/webhooks.md"]) {
  test(`the examples of ${document} compile`, () => {
    const blocks = [...readFileSync(join(root, document), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)];
    assert.ok(blocks.length > 0);
    const files = blocks.map(([, code = ""], index) => {
      const name = join(folder, `${document.replaceAll("/", "-")}-${index}.ts`);
      writeFileSync(name, `${code}\nexport {};\n`);
      return name;
    });
    compile(files);
  });
}

function compile(files: readonly string[]): void {
  const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noUnusedLocals: false,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      paths: { "@tributary/sdk": [join(root, "sdk/src/index.ts")] },
    },
    include: [],
    files: [join(folder, "around.d.ts"), ...files],
  };
  const project = join(folder, "tsconfig.json");
  writeFileSync(project, JSON.stringify(config));
  execFileSync(process.execPath, [join(typescript, "bin/tsc"), "--project", project], { stdio: "inherit" });
}
