import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { mock } from "node:test";
import { dayOf, daysUntil, endOf, isLate, isNever, startOf, until, withDays } from "../../../ui/lib/time.js";

const NOON = new Date(2026, 5, 10, 12).getTime();
const HOUR = 3_600_000;
const after = (hours) => new Date(NOON + hours * HOUR).toISOString();

test.beforeEach(() => mock.timers.enable({ apis: ["Date"], now: NOON }));
test.afterEach(() => mock.timers.reset());

test("null and the zero time of DTR are never", () => {
  assert.ok([null, undefined, "", "0001-01-01T00:00:00Z"].every(isNever));
  assert.ok(!isNever("2026-06-10T12:00:00Z"));
});

test("whole days are left, wherever the person is", () => {
  assert.equal(daysUntil(after(23)), 0);
  assert.equal(daysUntil(after(9 * 24 + 23)), 9);
  assert.equal(daysUntil(after(14 * 24)), 14);
  assert.equal(daysUntil(after(-1)), -1);
});

test("a moment is told as the command line tells it", () => {
  const now = Date.parse("2026-06-10T12:00:00Z");
  const moments = JSON.parse(readFileSync(new URL("../../fixtures/moments.json", import.meta.url), "utf8"));
  assert.ok(moments.length > 10);
  mock.timers.setTime(now);
  for (const [end, told] of moments) assert.equal(until(end), told, end);
});

test("what is over is told in the same units", () => {
  assert.equal(until(after(-0.005)), "just now");
  assert.equal(until(after(-47)), "2 days ago");
  assert.equal(until(after(-99 * 24)), "99 days ago");
  assert.equal(until(after(-400 * 24)), "1 year ago");
});

test("a short life is late in its last quarter only", () => {
  assert.ok(!isLate(after(-1), after(3)), "three quarters are left");
  assert.ok(!isLate(after(-3), after(1)), "just a quarter");
  assert.ok(isLate(after(-3.1), after(1)));
  assert.ok(isLate(after(-3), after(-1)), "it has ended");
});

test("what the API says has its moments as days", () => {
  assert.equal(withDays("it expired on 2026-02-17T12:00:00Z"), "it expired on 17 Feb 2026");
  assert.equal(withDays("from 2026-06-10T12:00:00.123Z to 2026-06-11T12:00:00Z"), "from 10 Jun 2026 to 11 Jun 2026");
  assert.equal(withDays("no such 2026-06-10 here"), "no such 2026-06-10 here");
});

test("a day is where the person is", () => {
  assert.equal(dayOf(new Date(2026, 0, 2, 23, 59)), "2026-01-02");
  assert.equal(startOf("2026-06-10"), new Date(2026, 5, 10).toISOString().replace(".000Z", "Z"));
  assert.equal(endOf("2026-06-10"), new Date(2026, 5, 10, 23, 59, 59).toISOString().replace(".000Z", "Z"));
  assert.equal(startOf("2026-02-31x"), null);
  assert.equal(endOf(""), null);
});
