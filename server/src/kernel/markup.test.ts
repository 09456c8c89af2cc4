import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeMarkup } from "./markup.ts";

test("text stays text, in an element and between quotes of either kind", () => {
  assert.equal(escapeMarkup(`<b a="1" b='2'>&amp;`), "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;");
});
