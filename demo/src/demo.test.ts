import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const DEMO = fileURLToPath(new URL("./main.ts", import.meta.url));
const SERVER = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));

/** A story takes a minute and a half, more on a busy machine: a lost channel is tried again after 15 s. */
const PATIENT = { timeout: 600_000 };

let folder = "";
let server: ChildProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-demo-test-"));
  mkdirSync(join(folder, "tmp"));
});

afterEach(async () => {
  if (server !== null && server.exitCode === null) {
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
  }
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

function start(program: string, env: Record<string, string>): ChildProcess {
  const plain = { PATH: process.env.PATH ?? "", TMPDIR: join(folder, "tmp") };
  const child = spawn(process.execPath, [program], {
    cwd: folder,
    env: { ...plain, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8");
  return child;
}

async function demo(): Promise<{ code: number | null; output: string }> {
  const child = start(DEMO, {});
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

function assertTold(output: string, lines: readonly (string | RegExp)[]): void {
  for (const line of lines) {
    const told = typeof line === "string" ? output.includes(line) : line.test(output);
    assert.ok(told, `${line} is not told:\n${output}`);
  }
}

test(
  "without a platform the demo starts one, its story holds, and nothing is left behind",
  PATIENT,
  async () => {
    const { code, output } = await demo();
    assert.equal(code, 0, output);
    assertTold(output, [
      "the story starts one of its own",
      /✓ {2}alipay\.qr .* 12\.34 CNY +0\.10/,
      /✓ {2}alipay\.code +shows a code, and types the password/,
      /✓ {2}wechat\.native +scans Alipay.s code, then asks for WeChat.s +36\.00 CNY/,
      /after the sale it knows: paid, once/,
      /back without anybody lifting a finger/,
      /answers 200 “failure”/,
      /code +refund_exceeds_payment/,
      /✓ {2}unionpay\.page +is sent to UnionPay by a form +450\.00 CNY +3\.60/,
      /✓ {2}card +types a card on Stripe.s page +1,980 JPY +16/,
      /✓ {2}wechat\.code +shows a code that the shop scans/,
      /WeChat scans it, its buyer enters 8\.80 and pays: wechat\.jsapi/,
      "Alipay's order is closed, and WeChat's is paid",
      /\d+ orders that began there were placed through the/,
      "circuit_open",
      "the first app has its orders again",
      "keeps its own, and the books say so",
      "68.00 USD are back, the 15.00 USD are not",
      /\d+ × +payment\.succeeded/,
      /1 × +dispute\.won/,
      "refused: bad_signature",
      "Booked: surplus_success",
      /All \d+ payments, 6 refunds and 1 dispute of the story are on the\s+bills/,
      /channel_receivable +asset/,
      /All \d+ invariants hold\./,
      /duplicate_theirs +\S+ +open +400\.00/,
      "amount: one proposes pay_merchant, another approves",
      "are sent to the merchant's bank: one proposes the batch, another approves",
      /amount +\S+ +voided +0\.01 +CNY +undone/,
      /dispute_ours_only +\S+ +pending +135\.00 +USD/,
      /dispute_theirs_only +\S+ +open +−95\.00 +USD/,
      /the statement: dispute of pi_/,
      "dispute_theirs_only: one proposes recover_from_merchant, another approves",
      "dispute_ours_only: one proposes pay_merchant, another approves",
      /payment_theirs_only +\S+ +resolved +150\.00 +CNY +explained/,
      /status +\S+ +resolved +150\.00 +CNY +explained/,
      "payment_ours_only: one proposes recover_from_channel, another approves",
      "unknown_merchant: one proposes pay_owner, another approves",
      "refund_ours_only: one proposes refund_buyer, another approves",
      "refund_theirs_only: one proposes recover_from_merchant, another approves",
      "The bank's statement shows the payout: it is paid",
      "Both days are closed",
      /^All of it is true: \d+ payments/m,
    ]);
    // An escape character would be a colour.
    assert.ok(!output.includes(String.fromCharCode(27)), "colours on plain output");
    const left = readdirSync(join(folder, "tmp")).filter((name) => name.startsWith("tributary"));
    assert.deepEqual(left, []);
  },
);

test(
  "a bill that disagrees ends the story with what was expected, seen, and where to look",
  PATIENT,
  async () => {
    const file = join(folder, ".data", "server.json");
    server = start(SERVER, { PORT: "0", TRIBUTARY_SANDBOX_PORT: "0" });
    let said = "";
    for (const stream of [server.stdout, server.stderr]) stream?.on("data", (text: string) => (said += text));
    while (!existsSync(file) || !readFileSync(file, "utf8").includes("base_url")) {
      assert.equal(server.exitCode, null, said);
      await sleep(50);
    }
    const { sandbox_url: sandboxUrl } = JSON.parse(readFileSync(file, "utf8")) as { sandbox_url: string };
    const fault = { kind: "bill_disagrees", count: 1, params: { difference: "amount_off" } };
    await fetch(`${sandboxUrl}/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fault),
    });

    const off = await demo();
    assert.equal(off.code, 1, off.output);
    assertTold(off.output, [
      "which was running",
      /Not as expected: bill and books agree on A cup of tea/,
      /expected +/,
      /seen +/,
      /look at +GET http.*\/statements\//,
    ]);

    const again = await demo();
    assert.equal(again.code, 0, again.output);
    assertTold(again.output, [
      "The shop has taken money before",
      /✓ \d+ movements of earlier sales on the same contract: bill and books agree too/,
    ]);
  },
);
