// What is read of a figure in a setting.

import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "../../../ui/registry/settings.js";

test("a figure has separators before three digits, all of one kind", () => {
  const figures = { 15: 15, " 100 ": 100, "1,500": 1500, "1.500": 1500, "12 500": 12500, "1\u00a0234\u00a0567": 1234567, 20000: 20000 };
  for (const [text, figure] of Object.entries(figures)) assert.equal(read(text), figure, text);
  for (const text of ["1.5", "1,50", "1,5000", "1000,000", "1,000.000", ",100", "100,", "-1", "1e3", "many", ""]) assert.ok(Number.isNaN(read(text)), text);
});
