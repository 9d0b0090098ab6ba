// Owns the one table of pages: path, the area that the navigation marks, who may see it, and the module that draws it.
// The server has the same paths (src/api/operations/pages.rs), and reads here which module to name in the document of each
// (src/http/ui_files.rs): a row stands on one line. A module is run when its page is opened first.
//
// Exports
//   find(pathname)     { row, params } or null; parts are decoded, so a repository's name has its slashes again
//   part(file, name)   what gives that export of a module, which is fetched when it is needed first; a page that is older than
//                      the server is loaded anew
//   ownPath(text, fallback)   path and query of an address of this very site, the fallback for anything else

import { raw, unreachable } from "./lib/api.js";
import { unlessNarrowed } from "./lib/narrowed.js";

/** @param {string} file @param {string} name @returns {() => Promise<any>} */
export const part = (file, name) => async () => {
  try {
    return (await import(`./${file}.js`))[name];
  } catch (error) {
    console.error(error);
    if (await isOutdated()) {
      location.reload();
      return new Promise(() => {});
    }
    throw unreachable();
  }
};

/** Whether another version of dockpass runs by now: its modules have another path. */
async function isOutdated() {
  const page = await raw("/", { accept: "text/html" }).then((response) => response.text(), () => "");
  return page !== "" && !page.includes(new URL(".", import.meta.url).pathname);
}

/** @param {string} file @param {string} name @returns {() => Promise<Page>} */
const from = (file, name) => part(file, name);

/** The same, for what a narrowed access token does not reach. @param {string} file @param {string} name */
const whole = (file, name) => async () => unlessNarrowed(await from(file, name)());

/** @type {PageRow[]} */
const PAGES = [
  { path: "/", load: from("tokens/page-list", "start") },
  { path: "/sign-in", load: from("people/page-sign-in", "signIn"), isOpen: true },
  { path: "/profile", area: "profile", load: from("people/page-profile", "profile") },
  { path: "/profile/password", area: "profile", load: whole("people/page-password", "password"), isAlone: true },
  { path: "/profile/access-tokens", area: "tokens", load: whole("tokens/page-list", "list") },
  { path: "/profile/access-tokens/new", area: "tokens", load: whole("tokens/page-new", "create") },
  { path: "/profile/access-tokens/{id}", area: "tokens", load: whole("tokens/page-one", "one") },
  { path: "/repositories", area: "repositories", load: from("repositories/page", "list") },
  { path: "/repositories/{namespace}", area: "repositories", load: from("repositories/page", "namespace") },
  { path: "/repositories/{namespace}/{reponame}", area: "repositories", load: from("repositories/page", "one") },
  { path: "/repositories/{namespace}/{reponame}/tags/{tag}", area: "repositories", load: from("repositories/tag", "tag") },
  { path: "/organizations", area: "organizations", load: whole("organizations/page", "list") },
  { path: "/organizations/{name}", area: "organizations", load: whole("organizations/page", "one") },
  { path: "/organizations/{name}/new-robot", area: "organizations", load: whole("organizations/page-robot", "create") },
  { path: "/organizations/{name}/robots/{robot}", area: "organizations", load: whole("organizations/page-robot", "one") },
  { path: "/organizations/{name}/teams/{team}", area: "organizations", load: whole("organizations/page", "team") },
  { path: "/people", area: "people", load: from("people/page", "list"), isAdmin: true },
  { path: "/people/{name}", area: "people", load: from("people/page", "one"), isAdmin: true },
  { path: "/people/{name}/leave", area: "people", load: from("people/leave", "leave"), isAdmin: true },
  { path: "/people/{name}/access-tokens/new", area: "people", load: from("tokens/page-new", "create"), isAdmin: true },
  { path: "/people/{name}/access-tokens/{id}", area: "people", load: from("tokens/page-one", "one"), isAdmin: true },
  { path: "/audit", area: "audit", load: from("audit/page", "list"), isAdmin: true },
  { path: "/registry", area: "registry", load: from("registry/page", "show"), isAdmin: true },
  { path: "/doctor", area: "doctor", load: from("doctor/page", "show"), isAdmin: true },
  { path: "/settings", area: "settings", load: from("registry/settings", "settings"), isAdmin: true },
];

/** @param {string} pattern @param {string} pathname */
function match(pattern, pathname) {
  const [wanted, given] = [pattern, pathname].map((text) => text.replace(/(.)\/$/, "$1").split("/"));
  if (wanted.length !== given.length) return null;
  /** @type {Record<string, string>} */
  const params = {};
  for (const [place, part] of wanted.entries()) {
    if (!part.startsWith("{")) {
      if (part !== given[place]) return null;
    } else if (given[place] === "") return null;
    else params[part.slice(1, -1)] = decodeURIComponent(given[place]);
  }
  return params;
}

/** @param {string} pathname */
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

/**
 * An attacker may have made up the address: it leads to a page of ours, or nowhere.
 * @param {string | null} text @param {string} fallback @returns {string}
 */
export function ownPath(text, fallback) {
  /** @type {URL} */
  let wanted;
  try {
    wanted = new URL(text ?? fallback, location.origin);
  } catch {
    return fallback;
  }
  // A path that begins with two slashes would be taken for the name of another host.
  const isOurs = wanted.origin === location.origin && !wanted.pathname.startsWith("//");
  return isOurs ? wanted.pathname + wanted.search : fallback;
}
