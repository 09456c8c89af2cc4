import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameName } from "./names.ts";

const same: readonly (readonly [string, string])[] = [
  ["上海茶叶（集团）有限公司", "上海茶叶(集团)有限公司"],
  ["Ｔｅａ　Ｌｔｄ．", "TEA LTD"],
  ["O'Brien & Sons, Ltd.", "OBRIEN & SONS LTD"],
  ["阿卜杜拉·买买提", "阿卜杜拉•买买提"],
];
for (const [left, right] of same) {
  test(`a bank's way of writing ${left} is not taken for another holder`, () =>
    assert.ok(isSameName(left, right)));
}

const different: readonly (readonly [string, string])[] = [
  ["Tea Ltd", "Tea Limited"],
  ["上海茶叶有限公司", "上海茶叶集团有限公司"],
  ["上海茶叶(集团)有限公司", "上海茶叶集团有限公司"],
  ["Tea Ltd", "Tea Ltd Hong Kong"],
  [" . ", "-"],
];
for (const [left, right] of different) {
  test(`${left} is not paid to ${right}`, () => assert.ok(!isSameName(left, right)));
}
