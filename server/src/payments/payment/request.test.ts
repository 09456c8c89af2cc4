import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonical } from "./request.ts";

test("the same request is the same text, whatever the order of its members", () => {
  const one = { b: [{ y: 1, x: null }, "two"], a: { d: true, c: undefined } };
  const other = { a: { c: undefined, d: true }, b: [{ x: null, y: 1 }, "two"] };
  assert.equal(canonical(one), '{"a":{"d":true},"b":[{"x":null,"y":1},"two"]}');
  assert.equal(canonical(other), canonical(one));
  const named = { metadata: { toJSON: "a shop's own key", a: "1" } };
  assert.equal(canonical(named), '{"metadata":{"a":"1","toJSON":"a shop\'s own key"}}');
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
