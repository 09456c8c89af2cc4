import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { type Channel, type ChannelDeps, createAlipay, orFault } from "../channels/index.ts";
import { sha256 } from "../kernel/crypto.ts";
import { parseId } from "../kernel/ids.ts";
import { createStatementFiles, createStatementsRoom, type Statements } from "./index.ts";
import { chanceOf } from "./testing/chance.ts";
import { channelFormats } from "./testing/channel-formats.ts";
import { BANK, ownFormats, SALES, salesSample } from "./testing/own-formats.ts";

const ACCOUNT = "31050161000000000001";
const DAY = "2026-11-19";

let platform: TestPlatform;
let folder = "";
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-statements-"));
  platform = await startTestPlatform({ config: { roles: ["api"], statementBytesMax: 100_000 } });
});
after(async () => {
  await platform.stop();
  rmSync(folder, { recursive: true });
});

async function upload(path: string, body: Buffer, token = "op_only-for-tests-0123456789abcdef") {
  const answer = await fetch(platform.baseUrl + path, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" },
    body: new Uint8Array(body),
  });
  return { status: answer.status, body: (await answer.json()) as Json };
}

const sampleOf = (name: string) => {
  const format = ownFormats.find((one) => one.name === name) ?? assert.fail(name);
  return format.encode(format.sample(chanceOf(1)));
};

test("a bank's statement is kept by its account's number: camt.053, or by a mapping", async () => {
  const path = `/v1/ops/bank_statements/${ACCOUNT}/${DAY}`;
  const sent = await upload(path, sampleOf("camt.053.001.08"));
  assert.equal(sent.status, 201, JSON.stringify(sent.body));
  assert.deepEqual([sent.body.kind, sent.body.account, sent.body.channel_account], ["bank", ACCOUNT, null]);
  const lines = await platform.ops("GET", `/v1/ops/statements/${sent.body.id}/lines?limit=1`);
  assert.equal(lines.body.data.length, 1, JSON.stringify(lines.body));
  assert.match(lines.body.data[0].end_to_end_id, /^P\d{14}$/);
  const next = await platform.ops(
    "GET",
    `/v1/ops/statements/${sent.body.id}/lines?cursor=${lines.body.next_cursor}`,
  );
  assert.equal(next.body.data.length, sent.body.lines - 1);

  assert.equal((await upload(`${path}?mapping=icbc`, sampleOf("bank CSV"))).status, 404);
  assert.equal((await platform.ops("PUT", "/v1/ops/statement_mappings/icbc", BANK)).status, 200);
  const mapped = await upload(`${path}?mapping=icbc`, sampleOf("bank CSV"));
  assert.deepEqual([mapped.status, mapped.body.version], [201, 2], JSON.stringify(mapped.body));
});

test("a platform's sales come in by a mapping, and are read by that version for ever", async () => {
  const { body: merchant } = await platform.ops("PUT", "/v1/ops/statement_mappings/eats", {
    ...SALES,
    preamble: [SALES.preamble?.[1]],
  });
  assert.equal(merchant.version, 1, JSON.stringify(merchant));
  const path = `/v1/ops/channel_accounts/${platform.demo.channel_account_id}/statements/${DAY}?kind=sales`;
  assert.equal((await upload(path, Buffer.from("x"))).status, 400, "nothing says how it is read");
  const sent = await upload(`${path}&mapping=eats`, Buffer.from(salesSample(chanceOf(2))));
  assert.equal(sent.status, 201, JSON.stringify(sent.body));
  const changed = { ...SALES, columns: { ...SALES.columns, number: "单号" } };
  assert.equal((await platform.ops("PUT", "/v1/ops/statement_mappings/eats", changed)).body.version, 2);
  const lines = await platform.ops("GET", `/v1/ops/statements/${sent.body.id}/lines`);
  assert.equal(lines.body.data.length, sent.body.lines, JSON.stringify(lines.body));
  const wrong = await upload(`${path}&mapping=icbc`, Buffer.from("x"));
  assert.match(wrong.body.detail, /reads files of kind bank/);
  const bad = { ...SALES, thousands: "." };
  assert.equal((await platform.ops("PUT", "/v1/ops/statement_mappings/eats", bad)).status, 400);
  const list = await platform.ops("GET", "/v1/ops/statement_mappings");
  assert.deepEqual(
    list.body.data.map(({ name, version }: Json) => [name, version]),
    [
      ["eats", 2],
      ["icbc", 1],
    ],
  );
});

test("a file beyond the setting is refused as too large, and says which setting", async () => {
  const sent = await upload(`/v1/ops/bank_statements/${ACCOUNT}/${DAY}`, Buffer.alloc(100_001));
  assert.equal(sent.status, 413);
  assert.match(JSON.stringify(sent.body), /TRIBUTARY_STATEMENT_MEGABYTES_MAX/);
});

test("a statement that unpacks to more than the setting is refused, and says which setting", async () => {
  const format = channelFormats.find(({ name }) => name === "alipay detail") ?? assert.fail();
  const original = format.pack(format.encode(format.sample(chanceOf(3))));
  const { large } = createAlipay({} as ChannelDeps);
  const lines = large?.scan({ holder: {}, channelDate: DAY }, original, 100) ?? [];
  const seen: unknown[] = [];
  const read = orFault(async () => {
    for await (const line of lines) seen.push(line);
  });
  assert.match(
    String(await read),
    /the archive unpacks to more than 100 bytes: raise TRIBUTARY_STATEMENT_UNPACKED_MEGABYTES_MAX/,
  );
});

test("a stranger's file is refused before it is read: nobody fills the memory with files", async () => {
  const paths = [
    `/v1/ops/bank_statements/${ACCOUNT}/${DAY}`,
    `/v1/ops/channel_accounts/${platform.demo.channel_account_id}/statements/${DAY}`,
  ];
  for (const path of paths) {
    // Were it read first, its size would be what is refused.
    assert.equal((await upload(path, Buffer.alloc(100_001), "op_unknown")).status, 401, path);
  }
});

test("the word that there is none never takes the place of a file that came in the meantime", async () => {
  const statements = toyStatements();
  const scope = {
    kind: "trade",
    channelAccountId: parseId("cha", platform.demo.channel_account_id),
    account: "",
    statementDate: "2026-11-20",
  } as const;
  const file = { scope, original: Buffer.from("a"), source: "upload", receivedBy: null } as const;
  const nothing = { ...file, original: Buffer.alloc(0), source: "none_published" } as const;
  const { record } = await statements.receive(file);
  const received = await statements.receive(nothing);
  assert.deepEqual([received.outcome, received.record.id], ["same", record.id]);
  assert.equal((await statements.current(scope))?.id, record.id);

  const both = { ...scope, statementDate: "2026-11-21" };
  await Promise.all([
    statements.receive({ ...nothing, scope: both }),
    statements.receive({ ...file, scope: both }),
  ]);
  assert.equal((await statements.current(both))?.source, "upload");
});

test("of files that come at once for a day each has its own number, the same file one", async () => {
  const statements = toyStatements();
  const scope = {
    kind: "trade",
    channelAccountId: parseId("cha", platform.demo.channel_account_id),
    account: "",
    statementDate: DAY,
  } as const;
  const receive = (text: string) =>
    statements.receive({ scope, original: Buffer.from(text), source: "upload", receivedBy: null });
  const texts = ["a", "b", "c", "a", "b", "a"];
  const received = await Promise.all(texts.map(receive));
  const numbers = new Map(received.map(({ record }, index) => [texts[index], record.version]));
  assert.deepEqual(new Set(numbers.values()), new Set([1, 2, 3]));
  for (const [index, { record }] of received.entries()) {
    assert.equal(record.version, numbers.get(texts[index]), "the same file has the same number");
  }
  assert.equal(received.filter(({ outcome }) => outcome === "accepted").length, 3);
  assert.equal((await statements.current(scope))?.version, 3);
});

test("a kept file is whole or it is missing: nothing half written is left, and damage is told", async () => {
  const files = createStatementFiles(join(folder, "kept"), () => "draft");
  const hash = await files.keep(Buffer.from("one"));
  assert.deepEqual(await files.keep(Buffer.from("one")), hash);
  assert.deepEqual(readdirSync(join(folder, "kept")), [hash.toString("hex")]);
  writeFileSync(files.pathOf(hash), "two");
  await assert.rejects(files.read(hash), /missing or damaged/);
  await files.keep(Buffer.from("one"));
  assert.equal((await files.read(hash)).toString(), "one", "sent in once more it is whole again");
  await assert.rejects(files.read(sha256("never")), /missing or damaged/);
});

function toyStatements(): Statements {
  const toy = {
    traits: { name: "toy", statements: {} },
    merchantOf: () => ({}),
    readStatement: async (of: { channelDate: string }, original: Buffer) => ({
      account: "",
      channelDate: of.channelDate,
      lines: [],
      original,
    }),
  } as unknown as Channel;
  const channels = {
    channel: () => toy,
    account: async () => ({ channel: "toy", credentialVersion: 1 }) as never,
    contextOf: async () => ({}) as never,
    budget: { take: async () => true },
  };
  let drafts = 0;
  const files = createStatementFiles(join(folder, "toy"), () => {
    drafts += 1;
    return String(drafts);
  });
  return createStatementsRoom({ cell: platform.app.cell, channels, files }).statements;
}
