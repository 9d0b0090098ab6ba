import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { dayOf, daysUntil, endOf, isLate, isNever, startOf, until } from "../../../ui/lib/time.js";

const NOON = new Date(2026, 5, 10, 12).getTime();
const HOUR = 3_600_000;
const after = (hours) => new Date(NOON + hours * HOUR).toISOString();

test.beforeEach(() => mock.timers.enable({ apis: ["Date"], now: NOON }));
test.afterEach(() => mock.timers.reset());

test("null and the zero time of DTR are never", () => {
  assert.ok([null, undefined, "", "0001-01-01T00:00:00Z"].every(isNever));
  assert.ok(!isNever("2026-06-10T12:00:00Z"));
});

test("days are counted by their midnights", () => {
  assert.equal(daysUntil(after(11)), 0);
  assert.equal(daysUntil(after(13)), 1);
  assert.equal(daysUntil(after(9 * 24 + 23)), 10);
  assert.equal(daysUntil(after(-13)), -1);
});

test("what is days away is told in days, and the last day in hours", () => {
  assert.equal(until(after(9 * 24 + 23)), "in 10 days");
  assert.equal(until(after(30)), "tomorrow");
  assert.equal(until(after(13)), "in 13 hours");
  assert.equal(until(after(1)), "in 1 hour");
  assert.equal(until(after(0.5)), "in 30 minutes");
  assert.equal(until(after(0.005)), "in less than a minute");
  assert.equal(until(after(-0.005)), "just now");
});

test("what would round up to the next unit is told in it", () => {
  assert.equal(until(after(59.8 / 60)), "in 1 hour");
});

test("a short life is late in its last quarter only", () => {
  assert.ok(!isLate(after(-1), after(3)), "three quarters are left");
  assert.ok(!isLate(after(-3), after(1)), "just a quarter");
  assert.ok(isLate(after(-3.1), after(1)));
  assert.ok(isLate(after(-3), after(-1)), "it has ended");
});

test("a day is where the person is", () => {
  assert.equal(dayOf(new Date(2026, 0, 2, 23, 59)), "2026-01-02");
  assert.equal(startOf("2026-06-10"), new Date(2026, 5, 10).toISOString().replace(".000Z", "Z"));
  assert.equal(endOf("2026-06-10"), new Date(2026, 5, 10, 23, 59, 59).toISOString().replace(".000Z", "Z"));
  assert.equal(startOf("2026-02-31x"), null);
  assert.equal(endOf(""), null);
});
