import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { ROBOT_LEVELS, levelAllows, levelName, mayAdminister, mayDeleteTags, mayPush, tokenLevelName, tokenLevels } from "../../../ui/lib/level.js";
import { lasting, latest, lifeOf, offered, within } from "../../../ui/tokens/expiry.js";

const DAY = 86_400;

test("a length of time is told in the largest unit that fits", () => {
  assert.deepEqual([DAY, 90 * DAY, 3_600, 5_400, 100].map(lasting), ["1 day", "90 days", "1 hour", "90 minutes", "2 minutes"]);
});

test("what the site forbids is not offered, its default and its longest are", () => {
  assert.deepEqual(offered([7, 30, 90], 90 * DAY, null), [7, 30, 90].map((it) => it * DAY));
  assert.deepEqual(offered([7, 30, 90], 3_600, 10 * DAY), [3_600, 7 * DAY, 10 * DAY]);
  assert.deepEqual(offered([7], null, null), [7 * DAY]);
});

test("the last allowed day ends before its end", () => {
  mock.timers.enable({ apis: ["Date"], now: new Date(2026, 5, 10, 12).getTime() });
  const at = (...parts) => new Date(2026, 5, ...parts).toISOString().replace(".000Z", "Z");
  assert.equal(latest(at(17, 23, 59, 59), 7 * DAY), at(17, 11, 59));
  assert.equal(latest(at(16, 23, 59, 59), 7 * DAY), at(16, 23, 59, 59), "a day before");
  assert.equal(latest(at(18, 23, 59, 59), 7 * DAY), at(18, 23, 59, 59), "beyond: the server says so");
  assert.equal(latest(at(17, 23, 59, 59), null), at(17, 23, 59, 59));
  assert.equal(latest(null, 7 * DAY), null);
  mock.timers.reset();
});

test("a new one like another lives as long, as far as the site allows", () => {
  const life = (lifetime) => lifeOf({ lifetime });
  assert.equal(life(30 * DAY), 30 * DAY);
  assert.equal(life(30 * DAY - 2), 30 * DAY, "the end was reckoned before the request came");
  assert.equal(life(6 * 3_600), 6 * 3_600);
  assert.equal(life(null), null);
  assert.deepEqual([within(30 * DAY, null), within(30 * DAY, 7 * DAY), within(null, 7 * DAY), within(null, null)], [30 * DAY, 7 * DAY, 7 * DAY, null]);
});

test("levels: what they are called and allow", () => {
  assert.deepEqual(["read-only", "read-write", "admin", "unheard"].map(levelName), ["Read-only", "Read-write", "Admin", "unheard"]);
  assert.equal(levelAllows("admin"), "all that the account may");
  assert.deepEqual(tokenLevels(true).map(([level]) => level), ["read-only", "push", "read-write", "admin"], "the weakest first");
  assert.deepEqual([tokenLevelName("admin", true), tokenLevelName("admin", false), tokenLevelName("push", true)], ["All that your account may", "All that the account may", "Push"]);
  assert.deepEqual(ROBOT_LEVELS.map(([level]) => level), ["read-only", "push", "read-write"]);
  assert.deepEqual(["read-only", "push", "read-write", "admin"].map(mayPush), [false, true, true, true]);
  assert.deepEqual(["read-only", "push", "read-write", "admin"].map(mayDeleteTags), [false, false, true, true]);
  assert.deepEqual(["read-only", "read-write", "admin"].map(mayAdminister), [false, false, true]);
});
