import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonical, readRequest } from "./request.ts";

test("the same request is the same text, whatever the order of its members", () => {
  const one = { b: [{ y: 1, x: null }, "two"], a: { d: true, c: undefined } };
  const other = { a: { c: undefined, d: true }, b: [{ x: null, y: 1 }, "two"] };
  assert.equal(canonical(one), '{"a":{"d":true},"b":[{"x":null,"y":1},"two"]}');
  assert.equal(canonical(other), canonical(one));
});

test("the text says all that the request said", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(JSON.parse(canonical(JSON.parse(text))), JSON.parse(text));
    }),
  );
  assert.equal(canonical(JSON.parse('{"b":1,"__proto__":{"a":2}}')), '{"__proto__":{"a":2},"b":1}');
});

test("a kept request reads as it was, also when thousands came between", () => {
  const text = canonical({ merchant_order_no: "A-1", amount: 100 });
  const first = readRequest(text);
  for (let n = 0; n < 10_000; n += 1) readRequest(`{"amount":${n}}`);
  assert.deepEqual(readRequest(text), first);
});
