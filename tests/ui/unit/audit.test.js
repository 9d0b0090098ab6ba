import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { asked, inAddress, isFiltered } from "../../../ui/audit/filter.js";
import { credential, times, tokenId } from "../../../ui/audit/words.js";

const NOON = Date.UTC(2026, 5, 10, 12);
const ask = (text) => asked(new URLSearchParams(text));

test.beforeEach(() => mock.timers.enable({ apis: ["Date"], now: NOON }));
test.afterEach(() => mock.timers.reset());

test("the address is the filter", () => {
  assert.equal(isFiltered(new URLSearchParams("start=9&record=3&follow=yes")), false);
  assert.equal(isFiltered(new URLSearchParams("within=1h")), true);
  const { actor, outcome, object, since } = ask("actor=alice&outcome=denied&since=2026-06-01T00:00:00Z");
  assert.deepEqual({ actor, outcome, object, since }, { actor: "alice", outcome: "denied", object: null, since: "2026-06-01T00:00:00Z" });
});

test("a time before now is counted from now, and goes before other times", () => {
  assert.equal(ask("within=24h").since, "2026-06-09T12:00:00.000Z");
  const both = ask("within=7d&since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z");
  assert.deepEqual([both.since, both.until], ["2026-06-03T12:00:00.000Z", null]);
  assert.equal(ask("within=9y").since, null, "no such time");
});

test("what was typed stands in the address, from the first page on", () => {
  const values = { actor: " alice ", action: "", object: "alice/app", account: "", token: "", outcome: "", since: "", until: "" };
  assert.deepEqual(inAddress({ ...values, within: "1h" }), {
    actor: "alice", action: "", object: "alice/app", account: "", token: "", outcome: "", within: "1h", since: null, until: null, start: null, record: null,
  });
  const range = inAddress({ ...values, within: "range", since: "2026-06-01T08:00" });
  assert.deepEqual([range.within, range.since, range.until], [null, new Date(2026, 5, 1, 8).toISOString(), null]);
});

test("a credential is said as people say it", () => {
  assert.equal(credential("accessToken:01M8"), "access token");
  assert.equal(tokenId("accessToken:01M8"), "01M8");
  assert.deepEqual([credential("session"), tokenId("session"), credential("unheard")], ["session", null, "unheard"]);
  assert.equal(times(1_200), "1,200 times");
});
