// Owns the profile: who one is, the full name, the way to a new password.
//
// Exports
//   profile                  the page
//   profileTabs(present)     the tabs of the profile's pages

import { get, patch } from "./api.js";
import { facts, head, h, linkButton } from "./dom.js";
import { field, form } from "./form.js";
import { say } from "./notice.js";
import { when } from "./time.js";

const TABS = [["Profile", "/profile"], ["Access tokens", "/profile/access-tokens"]];

export const profileTabs = (present) => TABS.map(([label, href]) => [label, href, href === present]);

const OPENED = { password: "with your password", accessToken: "with an access token" };

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

function password(account, session) {
  const isByToken = session.credential === "accessToken" && !session.setPassword;
  const text = account.hasPassword ? null : "This account has no password; it signs in with access tokens.";
  return h("section", h("h2", "Password"), h("div.stack.tight",
    text && h("p", text),
    isByToken
      ? h("p.quiet", "You signed in with an access token. To set the password, sign in with the password itself.")
      : linkButton("Change password", "/profile/password")));
}

async function render(context) {
  const { session } = context;
  // A narrowed access token sees its account's name, and nothing else of it.
  const account = await get(`/enzi/v0/accounts/${session.username}`, { signal: context.signal }).catch((error) => {
    if (error.status !== 403) throw error;
    return null;
  });
  const known = facts([
    ["User name", session.username],
    ["Role", session.isAdmin ? "administrator" : "user"],
    ["Signed in", OPENED[session.credential]],
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

export const profile = { title: "Profile", render };
