import assert from "node:assert/strict";
import test from "node:test";
import { figure, plural, size } from "../../../ui/lib/words.js";

test("figures have their separators", () => {
  assert.deepEqual([0, 999, 1_000, 1_234_567].map(figure), ["0", "999", "1,000", "1,234,567"]);
});

test("one is not many", () => {
  assert.equal(plural(1, "access token"), "1 access token");
  assert.equal(plural(0, "access token"), "0 access tokens");
  assert.equal(plural(2_000, "repository", "repositories"), "2,000 repositories");
});

test("an amount of bytes is told by thousands", () => {
  assert.equal(size(0), "", "not known");
  assert.deepEqual([1, 999, 1_000, 2_540_000, 9_950_000, 12_345_678].map(size), ["1 B", "999 B", "1 kB", "2.5 MB", "10 MB", "12 MB"]);
  assert.equal(size(3e12), "3 TB");
  assert.equal(size(4_000e12), "4,000 TB", "the largest unit there is");
});
