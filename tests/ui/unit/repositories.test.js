import assert from "node:assert/strict";
import test from "node:test";
import { daily, height, sums, walked } from "../../../ui/repositories/activity.js";
import { wrongTagPattern } from "../../../ui/repositories/immutable.js";
import { sharers } from "../../../ui/repositories/tag-delete.js";
import { tabTitle } from "../../../ui/lib/dom.js";

const day = (pulls, pushes, date = "2026-11-29") => ({ day: date, pulls, pushes });

test("the days are summed, and the busiest ones found", () => {
  assert.deepEqual(sums([day(3, 0), day(1_200, 2), day(1, 35)]), { pulls: 1_204, pushes: 37, mostPulls: 1_200, mostPushes: 35 });
  assert.deepEqual(sums([]), { pulls: 0, pushes: 0, mostPulls: 0, mostPushes: 0 });
});

test("a day is told as it was counted, wherever the person is", () => {
  const before = process.env.TZ;
  for (const zone of ["Pacific/Honolulu", "UTC", "Pacific/Auckland"]) {
    process.env.TZ = zone;
    assert.equal(daily(day(1, 2_000)), "29 November 2026: 1 pull, 2,000 pushes", zone);
  }
  process.env.TZ = before;
});

test("a bar is as high as its count, none for nothing, and one among thousands is still seen", () => {
  assert.equal(height(0, 9_000, 64), 0);
  assert.equal(height(9_000, 9_000, 64), 64);
  const [one, half] = [height(1, 9_000, 64), height(4_500, 9_000, 64)];
  assert.ok(one >= 3 && one < half && half < 64, `${one} ${half}`);
});

test("keys lead from day to day and never beyond the first and the last", () => {
  assert.deepEqual(["ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End"].map((key) => walked(key, 40, 89)), [39, 41, 47, 33, 0, 89]);
  assert.deepEqual([walked("ArrowLeft", 0, 89), walked("ArrowRight", 89, 89), walked("PageDown", 3, 89)], [0, 89, 0]);
  assert.equal(walked("Tab", 40, 89), null);
});

test("tags of the same image are found, but for those that are chosen", () => {
  const tags = [["latest", "a"], ["2.0", "a"], ["1.0", "b"], ["2.0.1", "a"], ["old", "b"]].map(([name, digest]) => ({ name, digest }));
  const names = (chosen) => sharers(tags.filter(({ name }) => chosen.includes(name)), tags).map(({ name }) => name);
  assert.deepEqual(names(["2.0"]), ["latest", "2.0.1"]);
  assert.deepEqual(names(["2.0", "latest", "2.0.1"]), []);
  assert.deepEqual(names(["2.0", "old"]), ["latest", "1.0", "2.0.1"]);
});

test("the window's title names the tab, but for the first one", () => {
  const rows = [["Overview", null], ["Tags", "tags"]];
  const title = (query) => tabTitle(new URLSearchParams(query), rows, "acme/shop");
  assert.deepEqual([title(""), title("tab=tags"), title("tab=none-such")], ["acme/shop", "Tags · acme/shop", "acme/shop"]);
});

test("a pattern of tags is a tag with stars", () => {
  for (const text of ["v*", "release-*", "*", "*.1", "1.0", "_a", "*".repeat(128)]) assert.equal(wrongTagPattern(text), null, text);
  for (const text of ["", ".*", "-*", "v?", "a/b", "a:b", "v *", "ä*", "v*\n", "*".repeat(129)]) assert.ok(wrongTagPattern(text), text);
});
