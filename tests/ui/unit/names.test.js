import assert from "node:assert/strict";
import test from "node:test";
import { allOf, apiPath, fullName, isName, namespaceName, pageHref, wrongPattern } from "../../../ui/lib/names.js";

test("a name is what the registry takes for one", () => {
  for (const name of ["a", "alice", "a1", "a.b", "a_b", "a__b", "a-b", "a---b"]) assert.ok(isName(name), name);
  for (const name of ["", "Alice", ".a", "a.", "a..b", "a___b", "-a", "a-", "a b", "a/b", "é"]) assert.ok(!isName(name), name);
});

test("a repository without namespace is its name alone", () => {
  assert.equal(fullName({ namespace: "acme", name: "tools/lint" }), "acme/tools/lint");
  assert.equal(fullName({ namespace: "_", name: "debian" }), "debian");
  assert.equal(allOf("_"), "all repositories without namespace");
  assert.equal(allOf("acme"), "all of acme");
  assert.equal(namespaceName("_"), "without namespace");
});

test("a slash in a name stays within its part of the address", () => {
  const repository = { namespace: "acme", name: "tools/lint" };
  assert.equal(pageHref(repository), "/repositories/acme/tools%2Flint");
  assert.equal(apiPath(repository), "/api/v0/repositories/acme/tools%2Flint");
});

test("a pattern is one repository, or all below an account", () => {
  for (const right of ["alice/app", "alice/a/b", "alice/*", "_/debian", "_/*"]) assert.equal(wrongPattern(right), null, right);
  for (const wrong of ["alice", "alice/", "/app", "alice/App", "a//b", "alice/a/*", "_"]) assert.match(wrongPattern(wrong) ?? "", /is no repository/, wrong);
  for (const wrong of ["*", "*/app", "alice/a*", "alice/*/b"]) assert.match(wrongPattern(wrong) ?? "", /stands alone after/, wrong);
});
