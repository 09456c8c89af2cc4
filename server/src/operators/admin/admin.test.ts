import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ChannelOffice, startChannelOffice } from "../../channels/accounts/testing.ts";
import { systemClock } from "../../kernel/clock.ts";
import { parseCommandLine } from "./arguments.ts";
import { COMMANDS } from "./commands.ts";
import { table } from "./print.ts";
import { runAdmin } from "./run.ts";

let office: ChannelOffice;
let url: string;
let folder: string;
before(async () => {
  office = await startChannelOffice();
  url = await office.http.listen({ host: "127.0.0.1", port: 0 });
  folder = mkdtempSync(join(tmpdir(), "tributary-admin-"));
});
after(async () => {
  await office.close();
  rmSync(folder, { recursive: true });
});

const GATEWAY = "https://gateway.example/gateway.do";

type Ran = { code: number; out: string; err: string };

async function runIn(dataDir: string, operatorKey: string | null, argv: readonly string[]): Promise<Ran> {
  const ran = { code: -1, out: "", err: "" };
  ran.code = await runAdmin(argv, {
    out: (text) => {
      ran.out += text;
    },
    err: (text) => {
      ran.err += text;
    },
    clock: systemClock,
    where: { dataDir, operatorKey },
  });
  return ran;
}

const run = (...argv: string[]) => runIn(folder, null, [...argv, "--url", url, "--token", office.token]);

async function json(...argv: string[]) {
  const ran = await run(...argv, "--json");
  assert.equal(ran.code, 0, ran.err);
  return JSON.parse(ran.out);
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("npm run admin", () => {
  it("takes a merchant from nothing to a channel account that takes orders", async () => {
    const merchant = await json(
      "merchants",
      "create",
      "Corner",
      "--legal-name",
      "Corner Ltd",
      "--fee-rate",
      "6000",
    );
    const credentials = file("credentials.json", office.credentialsOf(office.newApp()));
    const terms = file("terms.json", { amount_max: 50_000 });
    const account = await json(
      ..."channel-accounts create main --channel alipay --fund-flow through_platform".split(" "),
      ...`--merchant ${merchant.id} --gateway-url ${GATEWAY} --cost-rate 3800`.split(" "),
      ...`--credentials ${credentials} --terms ${terms}`.split(" "),
    );
    assert.equal(account.amount_max, 50_000);
    assert.equal((await run("channel-accounts", "prove", account.id)).code, 0);
    const enabled = await run("channel-accounts", "enable", account.id);
    assert.match(enabled.out, /^Enabled\.\n/);
    const next = file("next.json", office.credentialsOf(office.newApp()));
    assert.equal(
      (await json("channel-accounts", "rotate", account.id, "--credentials", next)).credentials.version,
      2,
    );
    const listed = await run("channel-accounts", "list", "--merchant", merchant.id);
    assert.match(listed.out, /active/);
    assert.equal((await json("channel-accounts", "disable", account.id)).status, "disabled");
  });

  it("makes, rotates and revokes keys, and says that a secret is not shown again", async () => {
    const made = await run("keys", "create", office.merchant, "--label", "till");
    assert.match(made.out, /sk_[0-9a-f]{64}\n\n {2}Keep it now/);
    const { data } = await json("keys", "list", office.merchant);
    const rotated = await json("keys", "rotate", office.merchant, data[0].id, "--overlap-hours", "2");
    assert.equal(rotated.rotated_from, data[0].id);
    assert.equal((await json("keys", "revoke", office.merchant, rotated.id)).state, "revoked");
  });

  it("lets one person propose and another approve", async () => {
    const [finance, risk] = [
      await office.hire("cli finance", "finance"),
      await office.hire("cli risk", "risk"),
    ];
    const as = (token: string, ...argv: string[]) => runIn(folder, token, [...argv, "--url", url]);
    const line = ["merchants", "credit-line", office.merchant, "--currency", "CNY", "--amount", "5000"];
    const proposed = await as(finance, ...line);
    assert.match(proposed.out, /merchant\.raise_credit_line/);
    const { data } = await json("approvals", "list", "--status", "proposed");
    const own = await as(finance, "approvals", "approve", data[0].id);
    assert.deepEqual([own.code, /second_person_required/.test(own.err)], [1, true]);
    const approved = await as(risk, "approvals", "approve", data[0].id, "--note", "agreed");
    assert.match(approved.out, /carried_out/);
  });

  it("shows the audit log with the latest at the end, and operators in a table", async () => {
    const made = await json("operators", "create", "cli viewer", "--role", "viewer", "--role", "risk");
    assert.deepEqual(made.roles, ["viewer", "risk"]);
    // Rows of one millisecond have no order among them.
    office.deps.clock.move(1);
    const replaced = await json("operators", "token", made.id);
    assert.notEqual(replaced.token, made.token);
    office.deps.clock.move(1);
    await json("operators", "disable", made.id);
    const tail = await run("audit", "tail", "--limit", "2");
    const [heading, ...rows] = tail.out.split("\n");
    assert.match(heading ?? "", /^At +Operator +Action/);
    assert.match(rows[0] ?? "", /operator\.token_replaced/);
    assert.match(rows[1] ?? "", /operator\.disabled/);
    assert.match(tail.out, /There are more: --cursor /);
    assert.match((await run("operators", "list")).out, /cli viewer +viewer, risk +disabled/);
  });

  it("tells what the platform refused, which field, and what to do", async () => {
    const ran = await run("merchants", "create", "x", "--legal-name", "x", "--fee-rate", "2000000");
    assert.equal(ran.code, 1);
    assert.match(ran.err, /\(invalid_request\)\.\n {2}fee_rate_millionths: /);
    const faults = file("bad.json", { mode: "public_key", app_id: "1" });
    const refused = await run(
      ..."channel-accounts create bad --channel alipay --fund-flow through_platform".split(" "),
      ...`--merchant ${office.merchant} --gateway-url ${GATEWAY} --cost-rate 0`.split(" "),
      ...`--credentials ${faults}`.split(" "),
    );
    assert.match(refused.err, /credentials_invalid.*credentials\.private_key/s);
  });

  it("an id that is typed cannot lead to another address", async () => {
    const ran = await run("operators", "disable", "../merchants");
    assert.deepEqual([ran.code, /not_found/.test(ran.err)], [1, true]);
  });

  it("says where it looked when no platform runs, and when it has no token", async () => {
    const nowhere = await runIn(folder, "op_x", ["operators", "list"]);
    assert.match(nowhere.err, /No platform runs over .+npm start/);
    const anonymous = await runIn(folder, null, ["operators", "list", "--url", url]);
    assert.match(anonymous.err, /No operator's token/);
    const away = await runIn(folder, "op_x", ["operators", "list", "--url", "http://127.0.0.1:1"]);
    assert.match(away.err, /does not answer/);
    assert.deepEqual([nowhere.code, anonymous.code, away.code], [1, 1, 1]);
  });

  it("finds the token that the platform made in its data folder", async () => {
    file("secrets.json", { operator_key: office.token });
    assert.equal((await runIn(folder, null, ["operators", "list", "--url", url])).code, 0);
  });

  it("every command goes to an address that the API documents", async () => {
    const args = {
      merchant: "m",
      key: "k",
      operator: "o",
      account: "a",
      approval: "p",
      name: "n",
      label: "l",
    };
    for (const { words, request } of COMMANDS) {
      // Work items are served by a room above.
      if (words[0] === "work-items") continue;
      const { method, path } = request({ args, options: {} });
      assert.ok(
        office.http.findRoute({ method, url: routeOf(path) }) !== null,
        `${words.join(" ")}: ${method} ${path}`,
      );
    }
  });
});

/** The route that a path belongs to: its ids become parameters. */
function routeOf(path: string): string {
  const [, version, ops, kind, id, rest, second, ...last] = path.split("/");
  const named = [version, ops, kind, id === undefined ? [] : ":id", rest ?? []].flat();
  return `/${[...named, ...(second === undefined ? [] : [":key_id", ...last])].join("/")}`;
}

describe("a command line", () => {
  const parse = (...argv: string[]) => parseCommandLine(argv, COMMANDS, () => "{}");
  const wrong: Record<string, [argv: string[], says: RegExp]> = {
    "an unknown family": [["payments", "list"], /no command payments.*merchants/s],
    "an unknown command": [["keys", "delete"], /keys has no command delete.*rotate/],
    "a missing argument": [["keys", "rotate", "mch_1"], /<key> is missing/],
    "an argument too many": [["operators", "list", "all"], /"all" is one argument too many/],
    "a missing option": [["keys", "create", "mch_1"], /--label is missing: What it is for/],
    "an unknown option": [["operators", "list", "--loud"], /Unknown option '--loud'/],
    "a number that is none": [["operators", "list", "--limit", "many"], /--limit is a whole number/],
    "a number with decimals": [["operators", "list", "--limit", "1.5"], /--limit is a whole number/],
  };
  for (const [title, [argv, says]] of Object.entries(wrong)) {
    it(`with ${title} is refused, saying what is wrong`, () => {
      const parsed = parse(...argv);
      assert.equal(parsed.kind, "wrong");
      assert.match((parsed as { text: string }).text, says);
    });
  }

  it("with a credentials file that is not JSON quotes nothing of it", () => {
    const parsed = parseCommandLine(
      ["channel-accounts", "rotate", "cha_1", "--credentials", "key.pem"],
      COMMANDS,
      () => "-----BEGIN PRIVATE KEY-----",
    );
    assert.deepEqual([parsed.kind, JSON.stringify(parsed).includes("BEGIN")], ["wrong", false]);
  });

  it("asks for help anywhere", () => {
    for (const argv of [[], ["--help"], ["keys", "--help"], ["keys"], ["keys", "rotate", "--help"]]) {
      const parsed = parse(...argv);
      assert.equal(parsed.kind, "help", argv.join(" "));
      assert.match((parsed as { text: string }).text, /npm run admin -- /);
    }
  });
});

describe("a table", () => {
  it("stays straight under Chinese names", () => {
    const rows = [
      { name: "茶馆", note: "a" },
      { name: "Shop", note: "b" },
    ];
    const columns = [
      ["Name", "name"],
      ["Note", "note"],
    ] as const;
    assert.equal(table(columns, rows, ""), "Name  Note\n茶馆  a\nShop  b");
    assert.equal(table(columns, [], "nothing"), "nothing");
    const long = table([["Name", "name"]], [{ name: "x".repeat(500) }], "");
    assert.ok(long.endsWith("x…") && long.length < 150);
    const list = table(
      [["Held", "held"]],
      [
        {
          held: [
            { currency: "CNY", line: 0 },
            { currency: "HKD", line: 5 },
          ],
        },
      ],
      "",
    );
    assert.equal(list, "Held\nCNY 0, HKD 5");
  });
});
