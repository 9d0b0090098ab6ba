// Owns the profile: who one is, the full name, the way to a new password.
//
// Exports
//   profile                  the page
//   profileTabs(present)     the tabs of the profile's pages

import { get, patch } from "../lib/api.js";
import { facts, h, head, linkButton } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { isNarrowed } from "../lib/narrowed.js";
import { say } from "../lib/notice.js";
import { when } from "../lib/time.js";
import { BY_TOKEN } from "./page-password.js";

const TABS = [["Profile", "/profile"], ["Access tokens", "/profile/access-tokens"]];

/** @param {string} present @returns {Tab[]} */
export const profileTabs = (present) => TABS.map(([label, href]) => [label, href, href === present]);

/** @type {Record<Api.SessionCredential, string>} */
const OPENED = { password: "with your password", accessToken: "with an access token" };

/** @param {WholeAccount} account */
function nameForm(account) {
  const fullName = field({ name: "fullName", label: "Full name", value: account.fullName, autocomplete: "name" });
  const { node } = form({
    fields: [fullName],
    submit: "Save",
    onsubmit: async (body) => {
      await patch(`/enzi/v0/accounts/${account.id}`, { body });
      say("Saved");
    },
  });
  return node;
}

/** @param {WholeAccount} account @param {Api.Session} session */
function password(account, session) {
  const isByToken = session.credential === "accessToken" && !session.setPassword;
  const text = account.hasPassword ? null : "This account has no password; it signs in with access tokens.";
  return h("section", h("h2", "Password"), h("div.stack.tight",
    text && h("p", text),
    isByToken
      ? h("p.quiet", BY_TOKEN)
      : linkButton("Change password", "/profile/password")));
}

/** @param {Context} context */
async function render(context) {
  const { session } = context;
  // A narrowed access token sees its account's name, and nothing else of it: not what the account is otherwise.
  const isWhole = !isNarrowed(session);
  /** @type {WholeAccount | null} */
  const account = isWhole ? await get(`/enzi/v0/accounts/${session.username}`, { signal: context.signal }) : null;
  const known = facts([
    ["User name", session.username],
    isWhole && ["Role", session.isAdmin ? "administrator" : "user"],
    ["Signed in", isWhole ? OPENED[session.credential] : "with a narrowed access token"],
    ["Session ends", [when(session.expiresAt), " if you do nothing"]],
    ["Member since", account?.createdAt && when(account.createdAt)],
  ]);
  return [
    ...head("Profile", { tabs: profileTabs("/profile") }),
    h("section", known),
    account?.createdAt && h("section", h("h2", "Name"), nameForm(account)),
    account?.createdAt && password(account, session),
  ];
}

/** @type {Page} */
export const profile = { title: "Profile", render };
