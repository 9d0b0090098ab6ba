// Owns the profile: who one is, the full name, the way to a new password.
//
// Exports
//   profile                  the page
//   profileTabs(present)     the tabs of the profile's pages

import { get, patch } from "./api.js";
import { facts, head, h, linkButton } from "./dom.js";
import { field, form } from "./form.js";
import { isNarrowed } from "./narrowed.js";
import { say } from "./notice.js";
import { BY_TOKEN } from "./password-field.js";
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
      ? h("p.quiet", BY_TOKEN)
      : linkButton("Change password", "/profile/password")));
}

async function render(context) {
  const { session } = context;
  // A narrowed access token sees its account's name, and nothing else of it: not what the account is otherwise.
  const isWhole = !isNarrowed(session);
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

export const profile = { title: "Profile", render };
