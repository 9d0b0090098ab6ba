// Owns the one table of pages: path, the area that the navigation marks, who may see it, and the module that draws it.
// The server has the same paths (src/api/operations/pages.rs). A module is fetched when its page is opened first.
//
// Exports
//   find(pathname)     { row, params } or null; parts are decoded, so a repository's name has its slashes again

import { unreachable } from "./api.js";
import { unlessNarrowed } from "./narrowed.js";

const from = (file, name) => async () => {
  try {
    return (await import(`./${file}.js`))[name];
  } catch (error) {
    console.error(error);
    throw unreachable();
  }
};

/** The same, for what a narrowed access token does not reach. */
const whole = (...place) => async () => unlessNarrowed(await from(...place)());

const PAGES = [
  { path: "/", load: from("page-tokens", "start") },
  { path: "/sign-in", load: from("page-sign-in", "signIn"), isOpen: true },
  { path: "/profile", area: "profile", load: from("page-profile", "profile") },
  { path: "/profile/password", area: "profile", load: whole("page-password", "password"), isAlone: true },
  { path: "/profile/access-tokens", area: "tokens", load: whole("page-tokens", "list") },
  { path: "/profile/access-tokens/new", area: "tokens", load: whole("page-token-new", "create") },
  { path: "/profile/access-tokens/{id}", area: "tokens", load: whole("page-token", "one") },
  { path: "/repositories", area: "repositories", load: from("page-repositories", "list") },
  { path: "/repositories/{namespace}", area: "repositories", load: from("page-repositories", "namespace") },
  { path: "/repositories/{namespace}/{reponame}", area: "repositories", load: from("page-repositories", "one") },
  { path: "/organizations", area: "organizations", load: whole("page-organizations", "list") },
  { path: "/organizations/{name}", area: "organizations", load: whole("page-organizations", "one") },
  { path: "/organizations/{name}/teams/{team}", area: "organizations", load: whole("page-organizations", "team") },
  { path: "/people", area: "people", load: from("page-people", "list"), isAdmin: true },
  { path: "/people/{name}", area: "people", load: from("page-people", "one"), isAdmin: true },
  { path: "/people/{name}/access-tokens/new", area: "people", load: from("page-token-new", "create"), isAdmin: true },
  { path: "/people/{name}/access-tokens/{id}", area: "people", load: from("page-token", "one"), isAdmin: true },
  { path: "/audit", area: "audit", load: from("page-audit", "list"), isAdmin: true },
  { path: "/registry", area: "registry", load: from("page-registry", "show"), isAdmin: true },
];

function match(pattern, pathname) {
  const [wanted, given] = [pattern, pathname].map((text) => text.replace(/(.)\/$/, "$1").split("/"));
  if (wanted.length !== given.length) return null;
  const params = {};
  for (const [place, part] of wanted.entries()) {
    if (!part.startsWith("{")) {
      if (part !== given[place]) return null;
    } else if (given[place] === "") return null;
    else params[part.slice(1, -1)] = decodeURIComponent(given[place]);
  }
  return params;
}

export function find(pathname) {
  try {
    for (const row of PAGES) {
      const params = match(row.path, pathname);
      if (params) return { row, params };
    }
  } catch {
    // An encoding that is none names no page.
  }
  return null;
}
