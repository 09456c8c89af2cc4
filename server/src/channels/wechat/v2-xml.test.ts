import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readXml, writeXml } from "./v2-xml.ts";

describe("a flat document is read", () => {
  const cases: Record<string, readonly [text: string, fields: Record<string, string>]> = {
    "with plain text": ["<xml><a>1</a><b>x y</b></xml>", { a: "1", b: "x y" }],
    "with CDATA, line by line": [
      "<xml>\n  <a><![CDATA[<b>&amp;]]></a>\n  <c>1</c>\n</xml>\n",
      { a: "<b>&amp;", c: "1" },
    ],
    "with the five entities": ["<xml><a>&lt;&gt;&amp;&quot;&apos;</a></xml>", { a: "<>&\"'" }],
    "with empty fields": ["<xml><a></a><b/><c><![CDATA[]]></c></xml>", { a: "", b: "", c: "" }],
    "with a declaration": ['<?xml version="1.0" encoding="UTF-8"?>\n<xml><a>茶</a></xml>', { a: "茶" }],
    "with nothing": ["<xml></xml>", {}],
    "with a name that objects have": ["<xml><__proto__>1</__proto__></xml>", JSON.parse('{"__proto__":"1"}')],
  };
  for (const [title, [text, fields]] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(readXml(text), fields));
  }
});

describe("anything else is no document", () => {
  const cases: Record<string, string> = {
    "a document type": '<!DOCTYPE xml [<!ENTITY x "y">]><xml><a>&x;</a></xml>',
    "an entity nobody knows": "<xml><a>&x;</a></xml>",
    "a character reference": "<xml><a>&#65;</a></xml>",
    "a bare ampersand": "<xml><a>a & b</a></xml>",
    "an element within an element": "<xml><a><b>1</b></a></xml>",
    "a field that is there twice": "<xml><a>1</a><a>2</a></xml>",
    "an attribute": '<xml><a b="1">1</a></xml>',
    "a comment": "<xml><!-- --><a>1</a></xml>",
    "text between fields": "<xml>x<a>1</a></xml>",
    "text after the last": "<xml><a>1</a>x</xml>",
    "a field that does not end": "<xml><a>1</xml>",
    "CDATA that does not end": "<xml><a><![CDATA[1</a></xml>",
    "another root": "<root><a>1</a></root>",
    "two roots": "<xml><a>1</a></xml><xml></xml>",
    "no document": "FAIL",
  };
  for (const [title, text] of Object.entries(cases)) it(title, () => assert.equal(readXml(text), null));
});

it("what is written is read back, whatever it holds", () => {
  const fields = { a: "1", b: "<茶> & 'x' \"y\" ]]> ]]", c: "]]>]]>", d: "" };
  assert.deepEqual(readXml(writeXml(fields)), fields);
});
