import assert from "node:assert/strict";
import test from "node:test";
import { isNarrowed } from "../../../ui/lib/narrowed.js";
import { find, ownPath } from "../../../ui/pages.js";

globalThis.location = new URL("https://pass.example.com/sign-in");

const found = (path) => {
  const { row, params } = find(path) ?? { row: { path: null }, params: null };
  return [row.path, params];
};

test("an address finds its page, with its parts decoded", () => {
  assert.deepEqual(found("/"), ["/", {}]);
  assert.deepEqual(found("/people/"), ["/people", {}], "a slash at the end is nothing");
  assert.deepEqual(found("/repositories/acme/tools%2Flint"), ["/repositories/{namespace}/{reponame}", { namespace: "acme", reponame: "tools/lint" }]);
  assert.deepEqual(found("/organizations/acme/teams/dev"), ["/organizations/{name}/teams/{team}", { name: "acme", team: "dev" }]);
});

test("a robot may have any name without hiding the page that makes one", () => {
  assert.equal(found("/organizations/acme/new-robot")[0], "/organizations/{name}/new-robot");
  assert.deepEqual(found("/organizations/acme/robots/new"), ["/organizations/{name}/robots/{robot}", { name: "acme", robot: "new" }]);
});

test("a fixed part goes before one that may be anything", () => {
  assert.equal(found("/profile/access-tokens/new")[0], "/profile/access-tokens/new");
  assert.deepEqual(found("/profile/access-tokens/ab12"), ["/profile/access-tokens/{id}", { id: "ab12" }]);
});

test("what is no address of a page finds none", () => {
  for (const path of ["/nothing", "/people//", "/people/a/b/c", "/repositories/a/b/c", "/people/%E0%A4%A"]) assert.equal(find(path), null, path);
});

test("an address from outside leads to a page of ours or nowhere", () => {
  for (const [text, path] of [["/people?filter=admins", "/people?filter=admins"], ["people", "/people"], ["https://pass.example.com/audit?x=1#y", "/audit?x=1"]]) {
    assert.equal(ownPath(text, "/"), path);
  }
  for (const text of [null, "https://evil.example.com/", "//evil.example.com", "https://pass.example.com//evil.example.com", "javascript:alert(1)", "http://[", "https://pass.example.com:8443/"]) {
    assert.equal(ownPath(text, "/profile"), "/profile", String(text));
  }
});

test("a session is narrowed by a cap, or by repositories of its own", () => {
  assert.ok(!isNarrowed({ accessLevel: "admin", repositories: [] }));
  assert.ok(isNarrowed({ accessLevel: "read-write", repositories: [] }));
  assert.ok(isNarrowed({ accessLevel: "admin", repositories: ["alice/*"] }));
});
