import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { ending, patternsOf, preview, sentence } from "../../../ui/tokens/preview.js";
import { standIn } from "./dom.js";

const reach = (counts, all, more = {}) => {
  const levels = { "read-only": 0, push: 0, "read-write": 0, admin: 0, ...counts };
  return { repositories: Object.values(levels).reduce((sum, it) => sum + it, 0), hasMore: false, levels, first: [], accountRepositories: all, accountHasMore: false, ...more };
};
const told = (counts, all, accessLevel, more, possessive = "your", isLimited = false) =>
  sentence(reach(counts, all, more), { accessLevel, possessive, end: "until 28 December", isLimited });

test("what it does, in how many of one's repositories, until when", () => {
  assert.equal(told({ push: 12 }, 43, "push"), "Pulls and pushes in 12 of your 43 repositories, until 28 December.");
  assert.equal(told({ "read-only": 43 }, 43, "read-only"), "Pulls from all of your 43 repositories, until 28 December.");
  assert.equal(told({ "read-write": 1 }, 1, "read-write"), "Pulls, pushes and deletes tags in your only repository, until 28 December.");
  assert.equal(told({ admin: 3 }, 43, "admin"), "Does all that you may in 3 of your 43 repositories, until 28 December.");
  assert.equal(told({ push: 2 }, 9, "push", {}, "bob’s"), "Pulls and pushes in 2 of bob’s 9 repositories, until 28 December.");
});

test("where the account itself may less, that is not promised", () => {
  assert.equal(told({ push: 7, "read-only": 5 }, 12, "push"), "Pulls and pushes in 7 of your 12 repositories, and pulls from 5 more, until 28 December.");
  assert.equal(told({ "read-only": 5 }, 5, "read-write"), "Only pulls from all of your 5 repositories, until 28 December: the account may do no more there.");
});

test("no repository, and more than are counted", () => {
  assert.equal(told({}, 0, "push"), "Your account has access to no repository yet: it will reach those that come, until 28 December.");
  assert.equal(told({}, 4, "push"), "Reaches none of your 4 repositories at present, until 28 December.");
  const more = { hasMore: true, accountHasMore: true };
  assert.equal(told({ push: 1000 }, 1000, "push", more), "Pulls and pushes in 1,000 or more of your 1,000 or more repositories, until 28 December.");
  assert.equal(told({ push: 3 }, 1000, "push", { accountHasMore: true }), "Pulls and pushes in 3 of your 1,000 or more repositories, until 28 December.");
});

test("beyond those that are counted nothing is promised", () => {
  const more = { hasMore: true, accountHasMore: true };
  assert.equal(told({ "read-only": 1000 }, 1000, "push", more), "Pulls from 1,000 or more of your 1,000 or more repositories, until 28 December: the account may do no more in the first 1,000.");
  assert.equal(told({ "read-only": 700, push: 300 }, 1000, "push", more), "Pulls and pushes in 300 or more of your 1,000 or more repositories, and pulls from 700 or more others, until 28 December.");
  assert.equal(told({ "read-only": 1000 }, 1000, "read-only", more), "Pulls from 1,000 or more of your 1,000 or more repositories, until 28 December.");
});

test("without a repository, limits reach none that comes, and another's account may be inactive", () => {
  const none = "Reaches no repository at present, until 28 December.";
  assert.equal(told({}, 0, "push", {}, "your", true), none);
  assert.equal(told({}, 0, "push", {}, "bob’s"), none);
});

test("what is half typed is no limit yet", () => {
  assert.deepEqual(patternsOf(["alice/app", ""]), ["alice/app"]);
  assert.deepEqual(patternsOf(["alice/app", "bob/*, _/base"]), ["alice/app", "bob/*", "_/base"]);
  assert.equal(patternsOf(["alice/app", "bob"]), null);
  assert.equal(patternsOf(["bob/"]), null);
  assert.deepEqual(patternsOf([""]), []);
});

/** A sentence that is in no page yet, and the answers to what it asks. */
function live() {
  standIn();
  const asked = [];
  globalThis.fetch = (_, { body }) => new Promise((resolve, reject) => asked.push({ body: JSON.parse(body), give: (it) => resolve(Response.json(it)), reject }));
  const values = { accessLevel: "push", repositories: [], expiresAt: null };
  const made = preview({ signal: new AbortController().signal }, { possessive: "your", query: {}, reachApi: "/reach" }, () => values);
  const rest = () => mock.timers.tick(300);
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { ...made, asked, values, rest, settled };
}

test.describe("live", () => {
  test.beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  test.afterEach(() => mock.timers.reset());

  test("it is asked for before the page is shown, and the old sentence does not stand under a new choice", async () => {
    const { node, ask, asked, values, rest, settled } = live();
    ask();
    rest();
    asked[0].give(reach({ push: 2 }, 3));
    await settled();
    assert.equal(node.textContent, "Pulls and pushes in 2 of your 3 repositories, without an end.");
    values.accessLevel = "read-only";
    ask();
    assert.equal(node.textContent.trim(), "");
    rest();
    asked[1].give(reach({ "read-only": 3 }, 3));
    await settled();
    assert.equal(node.textContent, "Pulls from all of your 3 repositories, without an end.");
    values.repositories = null;
    ask();
    rest();
    assert.deepEqual([node.textContent.trim(), asked.length], ["", 2]);
  });

  test("an answer that is lost is asked for again at the next change", async () => {
    const { node, ask, asked, rest, settled } = live();
    ask();
    rest();
    asked[0].reject(new TypeError("lost"));
    await settled();
    assert.equal(node.textContent, "");
    ask();
    rest();
    asked[1].give(reach({ push: 1 }, 1));
    await settled();
    assert.equal(node.textContent, "Pulls and pushes in your only repository, without an end.");
  });
});

test("the end has its year where that is another one", () => {
  mock.timers.enable({ apis: ["Date"], now: new Date(2026, 5, 10).getTime() });
  assert.equal(ending(new Date(2026, 11, 28, 12).toISOString()), "until 28 December");
  assert.equal(ending(new Date(2027, 2, 1, 12).toISOString()), "until 1 March 2027");
  assert.equal(ending(null), "without an end");
  mock.timers.reset();
});
