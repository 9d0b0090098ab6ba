import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { access, agent, allows, crumbs, listHref, newHref, ofUser, oneHref, state, userName } from "../../../ui/tokens/token.js";

const NOON = new Date(2026, 5, 10, 12).getTime();
const days = (count) => new Date(NOON + count * 86_400_000).toISOString();
const token = (more) => ({ state: "active", createdAt: days(-90), expiresAt: null, temporaryPassword: false, accessLevel: "admin", ...more });

test.beforeEach(() => mock.timers.enable({ apis: ["Date"], now: NOON }));
test.afterEach(() => mock.timers.reset());

test("an active one that ends soon says when", () => {
  assert.deepEqual(state(token({})), { word: "active", kind: "good", order: 0 });
  assert.deepEqual(state(token({ expiresAt: days(14) })), { word: "active", kind: "good", order: 0 });
  assert.deepEqual(state(token({ expiresAt: days(5) })), { word: "expires in 5 days", kind: "bad", order: 1 });
});

test("a life that was meant to be short is no alarm before its last quarter", () => {
  assert.equal(state(token({ createdAt: days(-1), expiresAt: days(6) })).kind, "");
  assert.equal(state(token({ createdAt: days(-6), expiresAt: days(1) })).kind, "bad");
  assert.equal(state(token({ createdAt: days(-6), expiresAt: days(1), temporaryPassword: true })).kind, "");
});

test("what is not accepted says so, however soon it ends", () => {
  for (const [name, word] of [["stopped", "stopped"], ["accountInactive", "account inactive"], ["revoked", "revoked"], ["expired", "expired"]]) {
    assert.equal(state(token({ state: name, expiresAt: days(5) })).word, word);
  }
  assert.deepEqual(state(token({ state: "unheard" })), { word: "unheard", kind: "", order: 2 }, "of a newer server");
});

test("levels have their words", () => {
  const session = { username: "alice" };
  assert.equal(access(token({ username: "alice" }), session), "All that your account may");
  assert.equal(access(token({ username: "bob" }), session), "All that the account may");
  assert.equal(allows(token({ accessLevel: "read-only" })), "views and pulls");
  assert.equal(access(token({ accessLevel: "unheard" }), session), "unheard");
});

test("a user's access tokens know their places, and what they sign in as", () => {
  const [own, others] = ["alice", "bob"].map((name) => ofUser(name, { username: "alice" }));
  assert.deepEqual([own.possessive, own.newHref, own.levels.at(-1)[1]], ["your", "/profile/access-tokens/new", "All that your account may"]);
  assert.deepEqual([others.possessive, others.newHref, others.query], ["bob’s", "/people/bob/access-tokens/new", { username: "bob" }]);
  assert.equal(own.oneApi(token({ hashedToken: "ab" })), "/api/v0/api_tokens/ab");
  assert.equal(userName(token({ username: "alice", robot: null })), "alice");
  assert.equal(userName(token({ username: "acme", robot: "ci" })), "acme/ci");
});

test("one's own stand below the profile, another's below that user's page", () => {
  const session = { username: "alice" };
  assert.equal(listHref("alice", session), "/profile/access-tokens");
  assert.equal(listHref("bob", session), "/people/bob?tab=tokens");
  assert.equal(newHref("bob", session), "/people/bob/access-tokens/new");
  assert.equal(oneHref({ username: "alice", hashedToken: "ab12" }, session), "/profile/access-tokens/ab12");
  assert.deepEqual(crumbs("alice", session), [["Access tokens", "/profile/access-tokens"]]);
  assert.deepEqual(crumbs("bob", session).map(([label]) => label), ["People", "bob", "Access tokens"]);
});

test("a user agent has a short name", () => {
  const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
  const edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
  const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
  assert.deepEqual([firefox, edge, phone].map(agent), ["Firefox on Linux", "Edge on Windows", "Safari on iPhone"]);
  assert.deepEqual(["curl/8.5.0", "docker/27.0 go/1.22", "", "Mozilla/5.0"].map(agent), ["curl 8.5.0", "docker 27.0", "unknown", "Mozilla 5.0"]);
});
