import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startSandbox } from "../index.ts";
import type { RunningSandbox } from "../server.ts";

let bank: RunningSandbox;
before(async () => {
  bank = await startSandbox({ host: "127.0.0.1", port: 0, store: { kind: "memory" } });
});
after(() => bank.stop());

const post = async (path: string, body: unknown) => {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(bank.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const pay = async (account: string, message: string) => {
  const answer = await fetch(`${bank.url}/bank/${account}/payments`, { method: "POST", body: message });
  return { status: answer.status, text: await answer.text() };
};
const statuses = (text: string) => [...text.matchAll(/<(?:TxSts|GrpSts|Cd)>([^<]+)/g)].map(([, one]) => one);

const transfer = (endToEndId: string, amount: string) =>
  `<CdtTrfTxInf><PmtId><EndToEndId>${endToEndId}</EndToEndId></PmtId>` +
  `<Amt><InstdAmt Ccy="CNY">${amount}</InstdAmt></Amt>` +
  "<CdtrAgt><FinInstnId><BICFI>BKCHCNBJ</BICFI></FinInstnId></CdtrAgt><Cdtr><Nm>茶 &amp; Co</Nm></Cdtr>" +
  "<CdtrAcct><Id><Othr><Id>6222</Id></Othr></Id></CdtrAcct></CdtTrfTxInf>";
const message = (id: string, account: string, sum: string, ...transfers: string[]) => {
  const counts = `<NbOfTxs>${transfers.length}</NbOfTxs><CtrlSum>${sum}</CtrlSum>`;
  return (
    '<?xml version="1.0"?><Document xmlns="x"><CstmrCdtTrfInitn>' +
    `<GrpHdr><MsgId>${id}</MsgId>${counts}</GrpHdr>` +
    `<PmtInf>${counts}<DbtrAcct><Id><Othr><Id>${account}</Id></Othr></Id></DbtrAcct>${transfers.join("")}` +
    "</PmtInf></CstmrCdtTrfInitn></Document>"
  );
};

test("a message is paid once, reported on, and refused as a double", async () => {
  await post("/bank/accounts", { number: "A1", name: "Payer", opening: 1_000 });
  const text = message("M1", "A1", "12.00", transfer("E1", "2.00"), transfer("E2", "10.00"));
  assert.deepEqual(statuses((await pay("A1", text)).text), ["ACSC", "RJCT", "AM04"]);
  assert.deepEqual(statuses((await pay("A1", text)).text), ["RJCT", "AM05"]);
  const asked = await fetch(`${bank.url}/bank/A1/payments/M1`);
  assert.deepEqual(statuses(await asked.text()), ["ACSC", "RJCT", "AM04"]);
  const unknown = await fetch(`${bank.url}/bank/A1/payments/M2`);
  assert.deepEqual(
    [unknown.status, ((await unknown.json()) as { error: { code: string } }).error.code],
    [404, "unknown_message"],
  );
});

test("an account that does not remove doubles pays twice", async () => {
  await post("/bank/accounts", { number: "A2", name: "Payer", opening: 1_000, removes_doubles: false });
  const text = message("M1", "A2", "2.00", transfer("E1", "2.00"));
  await pay("A2", text);
  await pay("A2", text);
  const answer = await fetch(`${bank.url}/bank/entries?account=A2`);
  const { data } = (await answer.json()) as { data: { amount: number; number: string }[] };
  assert.deepEqual(
    data.map(({ amount, number }) => [amount, number]),
    [
      [-200, "6222"],
      [-200, "6222"],
    ],
  );
});

test("a statement's balances and entries come to one another, returns included", async () => {
  await post("/bank/accounts", { number: "A3", name: "Payer", opening: 1_000 });
  await pay("A3", message("M1", "A3", "2.00", transfer("E1", "2.00")));
  await post("/bank/credit", { account: "A3", amount: 77, name: "<Somebody>" });
  await post("/bank/return", { account: "A3", end_to_end_id: "E1", code: "AC04" });
  assert.equal((await post("/bank/return", { account: "A3", end_to_end_id: "E1" })).status, 404);
  const { body: day } = await post("/bank/close-day", { account: "A3" });
  assert.deepEqual([day.opening, day.closing, day.entries], [1_000, 1_077, 3]);
  const text = await (await fetch(`${bank.url}/bank/A3/statements/${String(day.date)}`)).text();
  const amounts = [...text.matchAll(/<Amt Ccy="CNY">([\d.]+)<\/Amt><CdtDbtInd>(CRDT|DBIT)/g)];
  assert.deepEqual(
    amounts.map(([, amount, side]) => `${amount} ${side}`),
    ["10.00 CRDT", "10.77 CRDT", "2.00 DBIT", "0.77 CRDT", "2.00 CRDT"],
  );
  assert.match(text, /<RvslInd>true<\/RvslInd>/);
  assert.match(text, /&lt;Somebody&gt;/);
  assert.equal((await fetch(`${bank.url}/bank/A3/statements/2020-01-01`)).status, 404);
});

const bad: Record<string, string> = {
  "no XML": "hello",
  "a document type": `<!DOCTYPE a>${message("M9", "A1", "1.00", transfer("E9", "1.00"))}`,
  "another sum": message("M9", "A1", "1.01", transfer("E9", "1.00")),
  "half a cent": message("M9", "A1", "1.00", transfer("E9", "1.005")),
  "an EndToEndId twice": message("M9", "A1", "2.00", transfer("E9", "1.00"), transfer("E9", "1.00")),
  "another account": message("M9", "A9", "1.00", transfer("E9", "1.00")),
  "an element that does not end": message("M9", "A1", "1.00", transfer("E9", "1.00")).replace(
    "</PmtInf>",
    "",
  ),
};
for (const [title, text] of Object.entries(bad)) {
  test(`a message with ${title} is not taken`, async () => {
    assert.equal((await pay("A1", text)).status, 400);
    assert.equal((await fetch(`${bank.url}/bank/A1/payments/M9`)).status, 404);
  });
}

test("people see each account with its entries", async () => {
  const page = await fetch(`${bank.url}/bank`);
  const text = await page.text();
  assert.equal(page.status, 200);
  assert.match(text, /A3/);
  assert.doesNotMatch(text, /<Somebody>/);
});

test("the holder pays from what the account has, and no more", async () => {
  await post("/bank/accounts", { number: "A7", name: "Holder", opening: 500 });
  const paid = await post("/bank/debit", { account: "A7", amount: 300, name: "Own account" });
  assert.deepEqual([paid.status, paid.body.amount], [201, -300]);
  const short = await post("/bank/debit", { account: "A7", amount: 201 });
  assert.deepEqual([short.status, (short.body.error as { code: string }).code], [409, "balance_short"]);
});
