import assert from "node:assert/strict";
import test from "node:test";
import "./dom.js";
import { verdict } from "../../../ui/doctor/page.js";

const checks = (...states) => ({ checks: states.map((state) => ({ state })) });

test("the verdict counts what failed and what wants looking after", () => {
  assert.equal(verdict(checks("ok", "notApplicable")), "All is well.");
  assert.equal(verdict(checks("ok", "warning")), "1 thing to look after.");
  assert.equal(verdict(checks("failed", "failed", "warning", "warning")), "2 checks failed, 2 things to look after.");
});
