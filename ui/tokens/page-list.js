// Owns the list of one's own access tokens. Another's stands on that user's page.
//
// Exports
//   list      the page; ?username= leads administrators to that user's page
//   start     `/`, which leads there

import { button, h, head, linkButton } from "../lib/dom.js";
import { isNarrowed } from "../lib/narrowed.js";
import { figure } from "../lib/words.js";
import { attention } from "../people/attention.js";
import { profileTabs } from "../people/profile-tabs.js";
import { cleanUp } from "./dialogs.js";
import { tokenList } from "./list.js";
import { listHref, newHref } from "./token.js";

const PATH = "/profile/access-tokens";

const EMPTY = "An access token takes the place of your password: for docker login, podman, curl, or CI such as GitHub Actions and GitLab. You can limit what it may do, and stop it without changing your password.";

/**
 * Somebody had their secrets: that stands above the list until they are deleted.
 * @param {HTMLElement} node @param {Api.ApiToken[]} tokens
 */
function tellOfRevoked(node, tokens) {
  const count = tokens.filter((it) => it.state === "revoked").length;
  node.hidden = count === 0;
  node.textContent = count === 1
    ? "One of your access tokens was revoked by somebody who had its secret. Replace it where it was used, then delete it."
    : `${figure(count)} of your access tokens were revoked by somebody who had their secrets. Replace them where they were used, then delete them.`;
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
  const clean = button("Clean up", { onclick: async () => (await cleanUp(session.username, context.signal)) && made.reload() });
  const create = linkButton("New access token", newHref(session.username, session), "primary");
  const made = await tokenList(context, session.username, {
    empty: EMPTY,
    loaded: (tokens) => {
      tellOfRevoked(told, tokens);
      // The empty list has the one button that leads on.
      for (const it of [clean, create]) it.hidden = tokens.length === 0;
    },
  });
  return [...head("Access tokens", { tabs: profileTabs(PATH), actions: [create, clean] }), attention(context), told, made.node];
}

/** @type {Page} */
export const list = { title: "Access tokens", render };
