// Owns the list of one's own access tokens. Another's stands on that user's page.
//
// Exports
//   list      the page; ?username= leads administrators to that user's page
//   start     `/`, which leads there

import { button, h, head, linkButton } from "../lib/dom.js";
import { isNarrowed } from "../lib/narrowed.js";
import { plural } from "../lib/words.js";
import { profileTabs } from "../people/page-profile.js";
import { cleanUp } from "./dialogs.js";
import { tokenList } from "./list.js";
import { listHref, newHref } from "./token.js";

const PATH = "/profile/access-tokens";

const EMPTY = "An access token stands wherever your password is asked: docker login, podman, curl, a pipeline. It can be narrowed, and stopped without touching the password.";

/**
 * Somebody had their secrets: that stands above the list until they are deleted.
 * @param {HTMLElement} node @param {Api.ApiToken[]} tokens
 */
function tellOfRevoked(node, tokens) {
  const count = tokens.filter((it) => it.state === "revoked").length;
  node.hidden = count === 0;
  node.textContent = `Whoever held ${plural(count, "access token")} of yours ended ${count === 1 ? "it" : "them"} for good, so somebody had the secret. Replace what used it, then delete what is revoked.`;
}

/** @type {Page} */
export const start = {
  title: "",
  render: async (context) => void context.go(isNarrowed(context.session) ? "/repositories" : PATH, { replace: true }),
};

/** @param {Context} context */
async function render(context) {
  const { session, query } = context;
  const asked = query.get("username") || session.username;
  if (asked !== session.username) return void context.go(listHref(asked, session), { replace: true });
  const told = h("p.banner", { role: "status", hidden: true });
  const made = await tokenList(context, session.username, { empty: EMPTY, loaded: (tokens) => tellOfRevoked(told, tokens) });
  const clean = button("Clean up", { onclick: async () => (await cleanUp(session.username, context.signal)) && made.reload() });
  const create = linkButton("New access token", newHref(session.username, session), "primary");
  return [...head("Access tokens", { tabs: profileTabs(PATH), actions: [create, clean] }), told, made.node];
}

/** @type {Page} */
export const list = { title: "Access tokens", render };
