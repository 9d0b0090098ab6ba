import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { mock } from "node:test";
import { asked, inAddress, isFiltered } from "../../../ui/audit/filter.js";
import { ACTS, act, actions, auditHref, counted, credential, credentials, times, tokenId } from "../../../ui/audit/words.js";

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
  const values = { actor: " alice ", action: "", object: "alice/app", account: "", token: "", credential: "", outcome: "", since: "", until: "" };
  assert.deepEqual(inAddress({ ...values, within: "1h" }), {
    actor: "alice", action: "", object: "alice/app", account: "", token: "", credential: "", outcome: "", within: "1h", since: null, until: null, start: null, record: null,
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

test("each act of the server has its words, and there are no others", () => {
  const source = readFileSync(new URL("../../../src/domain/act.rs", import.meta.url), "utf8");
  const words = [...source.matchAll(/^ {4}\w+ "([\w.]+)" "[^"]+";$/gm)].map(([, word]) => word);
  assert.ok(words.length > 80, "the table is found");
  assert.deepEqual(Object.keys(ACTS).toSorted(), words.toSorted());
  assert.equal(act("repository.beginDelete"), "repository.beginDelete", "a word of an old log stands for itself");
});

test("a part of the word or of its meaning finds an action", async () => {
  assert.deepEqual(await actions("signin"), [{ value: "account.signIn", hint: "Sign in" }]);
  assert.ok((await actions("old secret")).some(({ value }) => value === "token.endOverlap"));
  assert.deepEqual(await actions(" "), []);
  assert.deepEqual((await credentials("token")).map(({ value }) => value), ["accessToken", "registryToken"]);
});

test("events that were counted together say so, single ones do not", () => {
  assert.equal(counted({ count: 1, firstTime: null }), false);
  assert.equal(counted({ count: 33 })[0], "33 times");
  assert.equal(auditHref({ token: "01M8", action: "token.create" }), "/audit?token=01M8&action=token.create");
});
