import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Stripe } from "stripe";
import { canonical, parseForm } from "./form.ts";
import { sign, signatureHeader } from "./signature.ts";

void describe("a signature", () => {
  const body = '{"id":"evt_1","object":"event","type":"payment_intent.succeeded"}';

  void test("is the documented one", () => {
    const expected = "67da5088c63e080c71bd2bb0cb5c03d85a8fc6a21ce3aaf484df809654745b92";
    assert.equal(sign("whsec_test_secret", 1_700_000_000, body), expected);
  });

  void test("is good by either secret while one is rolled, and for five minutes", () => {
    const { webhooks } = new Stripe("sk_test_none");
    const now = new Date();
    const header = signatureHeader(["whsec_new", "whsec_old"], now, body);
    for (const secret of ["whsec_new", "whsec_old"]) {
      assert.equal(webhooks.constructEvent(body, header, secret).id, "evt_1");
    }
    assert.throws(() => webhooks.constructEvent(body, header, "whsec_other"));
    const old = signatureHeader(["whsec_new"], new Date(now.getTime() - 301_000), body);
    assert.throws(() => webhooks.constructEvent(body, old, "whsec_new"));
  });
});

void describe("a form", () => {
  const tree = (text: string) => {
    const parsed = parseForm(text);
    return parsed && JSON.parse(canonical(parsed));
  };

  const good: [text: string, value: object][] = [
    ["amount=5&metadata[order]=T%201", { amount: "5", metadata: { order: "T 1" } }],
    ["expand[]=a&expand[]=b.c", { expand: { 0: "a", 1: "b.c" } }],
    ["l[0][p][n]=x&l[0][q]=2&l[1][q]=3", { l: { 0: { p: { n: "x" }, q: "2" }, 1: { q: "3" } } }],
    ["", {}],
  ];
  for (const [text, value] of good) {
    void test(`reads ${text || "nothing"}`, () => assert.deepEqual(tree(text), value));
  }

  for (const text of ["a[b=1", "[a]=1", "a=1&a[b]=2", `a${"[b]".repeat(6)}=1`, "a]=1"]) {
    void test(`refuses ${text}`, () => assert.equal(tree(text), undefined));
  }

  void test("is the same in whatever order its parameters come, and another for other values", () => {
    const same = (a: string, b: string) => canonical(parseForm(a)!) === canonical(parseForm(b)!);
    assert.ok(same("a=1&m[x]=1&m[y]=2", "m[y]=2&m[x]=1&a=1"));
    assert.ok(!same("a=1", "a=2"));
  });
});
