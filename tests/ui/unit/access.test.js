import assert from "node:assert/strict";
import test from "node:test";
import { subject } from "../../../ui/tokens/activity.js";
import { counting, deciding, unknownAbove } from "../../../ui/repositories/access-members.js";
import { changeHref } from "../../../ui/repositories/why.js";
import { obstacle, remedy } from "../../../ui/repositories/why-not.js";

const given = (subject, accessLevel, reason, organization = null) => ({ subject, accessLevel, reason, organization, isActive: true });
const member = (name) => ({ member: { name, isActive: true } });

const ACCESS = [
  given("bob", "read-only", "repositoryGrant"),
  given("dev", "read-write", "teamRepositoryGrant", "acme"),
  given("ops", "admin", "teamNamespaceGrant", "acme"),
  given("everybody", "read-only", "public"),
];

test("of all that gives access the highest level counts", () => {
  const teams = new Map([["acme/dev", [member("alice"), member("bob")]], ["acme/ops", [member("alice")]]]);
  assert.equal(counting("alice", ACCESS, teams).subject, "ops");
  assert.equal(counting("bob", ACCESS, teams).subject, "dev");
  assert.equal(counting("carol", ACCESS, teams).reason, "public");
  assert.equal(counting("carol", ACCESS.slice(0, 3), teams), undefined);
});

test("a team whose members are not told gives nobody anything", () => {
  assert.equal(counting("bob", ACCESS, new Map([["acme/dev", null]])).subject, "bob");
});

test("a team that is not told counts where it gives more", () => {
  const teams = new Map([["acme/dev", [member("alice")]], ["acme/ops", null]]);
  assert.equal(unknownAbove("read-write", ACCESS, teams), "acme");
  assert.equal(unknownAbove("admin", ACCESS, teams), null);
  assert.equal(unknownAbove("read-only", ACCESS, new Map([["acme/dev", []]])), null, "one that is not asked for is no unknown one");
});

test("only the team and those that give more are read", () => {
  const keys = (present) => deciding(present, ACCESS).map(({ subject }) => subject);
  assert.deepEqual(keys("acme/dev"), ["dev", "ops"]);
  assert.deepEqual(keys("acme/ops"), ["ops"]);
});

test("what can be done is offered to who may do it", () => {
  const of = (user) => ({ user, repository: "acme/shop", repositoryExists: true });
  const nobody = { isAdmin: false, isHere: false, manages: () => false };
  const manager = { ...nobody, manages: (account) => account === "acme" };
  assert.deepEqual(remedy(of("eve"), "noAccess", nobody), ["Give access", "/repositories/acme/shop?tab=access"]);
  assert.deepEqual(remedy(of("eve"), "noAccess", { ...nobody, isHere: true }), ["Give access", "give"]);
  assert.equal(remedy(of("acme/ci"), "noAccess", manager), null);
  assert.equal(remedy(of("acme/ci"), "cap", nobody), null);
  assert.deepEqual(remedy(of("acme/ci"), "cap", manager), ["Change the robot", "/organizations/acme/robots/ci"]);
  assert.equal(remedy(of("eve"), "accountInactive", manager), null);
  const shop = { namespace: "acme", name: "shop" };
  assert.equal(changeHref(shop, { reason: "teamNamespaceGrant" }, nobody), null);
  assert.match(changeHref(shop, { reason: "teamNamespaceGrant" }, manager), /acme\?tab=access$/);
  assert.equal(changeHref(shop, { reason: "organizationAdmin", organization: "acme" }, nobody), null);
  assert.equal(changeHref(shop, { reason: "repositoryGrant" }, { ...nobody, isHere: true }), null);
});

test("of equal levels the one of the team that is looked at is told", () => {
  const access = [given("alice", "read-write", "repositoryGrant"), given("dev", "read-write", "teamRepositoryGrant", "acme")];
  const teams = new Map([["acme/dev", [member("alice")]]]);
  assert.equal(counting("alice", access, teams).subject, "alice");
  assert.equal(counting("alice", access, teams, "acme/dev").subject, "dev");
});

test("what stands against an action is a sentence", () => {
  const check = { user: "alice", action: "push", accessLevel: "read-only" };
  assert.equal(obstacle(check, { cut: "level", text: "" }), "The access is too low: read-only, and push takes read-write.");
  assert.equal(obstacle(check, { cut: "accountInactive", text: "" }), "The account alice is inactive.");
  assert.equal(obstacle(check, { cut: "notMade", text: "the limit is reached" }), "The limit is reached.");
  assert.equal(obstacle(check, { cut: "unheard", text: "something new" }), "Something new.");
});

test("ids and what is told already are left out of what something was done to", () => {
  const id = "01KF0RDQG0JN22CVXCGZFZM0NA";
  assert.equal(subject({ action: "token.create", object: `alice ${id}`, actor: "alice" }), "");
  assert.equal(subject({ action: "token.create", object: `alice ${id}`, actor: "admin" }), "alice");
  assert.equal(subject({ action: "repository.create", object: "alice/app", actor: "alice" }), "alice/app");
  assert.equal(subject({ action: "grant.set", object: "alice/app bob admin", actor: "alice" }), "alice/app bob admin");
});
