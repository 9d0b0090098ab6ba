import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { asked, byState, endsSoon, FILTERS, hand, tally } from "../../../ui/tokens/filters.js";

const NOON = Date.UTC(2026, 5, 10, 12);
const days = (count) => new Date(NOON + count * 86_400_000).toISOString();
const NEVER = "0001-01-01T00:00:00Z";
const token = (name, more) => ({
  tokenLabel: name, state: "active", createdAt: days(-90), expiresAt: null, lastUsed: NEVER, accessLevel: "admin", repositories: [], robot: null, temporaryPassword: false, ...more,
});
const sorted = (tokens, by) => [...tokens].sort((one, two) => by(one) - by(two)).map((it) => it.tokenLabel);
const shown = (key, tokens) => tokens.filter(FILTERS.find((it) => it.key === key).has).map((it) => it.tokenLabel);

test.beforeEach(() => mock.timers.enable({ apis: ["Date"], now: NOON }));
test.afterEach(() => mock.timers.reset());

test("near is an end that is still to come, within fourteen days, as the API has it", () => {
  const near = (end) => endsSoon(token("", { expiresAt: end }));
  assert.deepEqual([days(0.1), days(13.99), days(14), days(-0.1), null].map(near), [true, true, false, false, false]);
  for (const state of ["revoked", "expired", "inactive", "accountInactive", "stopped"]) {
    assert.ok(!endsSoon(token("", { expiresAt: days(3), state })), `${state}: it is refused already`);
  }
});

test("what somebody ended comes first, then what ends soon, then the last used", () => {
  const tokens = [
    token("never used"), token("used lately", { lastUsed: days(-1) }), token("used long ago", { lastUsed: days(-60) }),
    token("expired", { state: "expired", expiresAt: days(-1), lastUsed: days(-2) }),
    token("in ten days", { expiresAt: days(10) }), token("tomorrow", { expiresAt: days(1) }),
    token("late for its life", { createdAt: days(-275), expiresAt: days(90), lastUsed: days(-50) }), token("far", { expiresAt: days(200), lastUsed: days(-3) }),
    token("off, and ends", { state: "inactive", expiresAt: days(1), lastUsed: days(-4) }), token("revoked", { state: "revoked" }),
  ];
  assert.deepEqual(sorted(tokens, hand), [
    "revoked", "tomorrow", "in ten days", "used lately", "expired", "far", "off, and ends", "late for its life", "used long ago", "never used",
  ]);
});

test("within a state the end decides, of expired ones, too", () => {
  const tokens = [
    token("expired late", { state: "expired", expiresAt: days(-1) }), token("expired early", { state: "expired", expiresAt: days(-30) }),
    token("soon", { expiresAt: days(2) }), token("sooner", { expiresAt: days(1) }), token("for ever"), token("next year", { expiresAt: days(365) }),
  ];
  assert.deepEqual(sorted(tokens, byState), ["next year", "for ever", "sooner", "soon", "expired early", "expired late"]);
});

test("each filter shows what it says", () => {
  const tokens = [
    token("a", { lastUsed: days(-1) }), token("b", { accessLevel: "read-only" }), token("c", { repositories: ["acme/*"], lastUsed: days(-2) }),
    token("d", { robot: "ci", accessLevel: "admin", lastUsed: days(-1) }), token("e", { state: "inactive", lastUsed: days(-1), accessLevel: "push" }),
  ];
  assert.deepEqual([shown("unlimited", tokens), shown("never-used", tokens), shown("inactive", tokens), shown("expired", tokens)], [["a"], ["b"], ["e"], []]);
  assert.equal(FILTERS[0].told(1), "1 ends within 14 days");
  assert.equal(FILTERS[0].told(1234), "1,234 end within 14 days");
});

test("the server is asked for the same, and its counts have the same names", () => {
  const states = { revoked: 1, expired: 2, inactive: 3, accountInactive: 4, stopped: 5, active: 6 };
  const counts = { total: 21, states, expiring: 7, expiringBefore: days(14), neverUsed: 8, unlimited: 9 };
  const counted = tally(counts);
  assert.deepEqual(Object.keys(counted), ["all", ...FILTERS.map((it) => it.key)]);
  assert.deepEqual(Object.values(counted), [21, 7, 2, 8, 9, 3, 4, 5, 1]);
  assert.deepEqual(asked("ending"), { state: "active", expiresbefore: days(14) });
  assert.deepEqual(["expired", "never-used", "account-inactive", ""].map((key) => asked(key)), [{ state: "expired" }, { neverused: true }, { state: "accountInactive" }, {}]);
});
