// Owns the profile: who one is, the full name, the way to a new password; one's sessions, and what happened lately.
//
// Exports
//   profile      the page; ?tab=sessions, activity

import { get, patch } from "../lib/api.js";
import { facts, h, head, linkButton, path } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { isNarrowed } from "../lib/narrowed.js";
import { say } from "../lib/notice.js";
import { when } from "../lib/time.js";
import { activity } from "../tokens/activity.js";
import { BY_TOKEN } from "./page-password.js";
import { PROFILE, profileTabs, SESSIONS } from "./profile-tabs.js";
import { sessionsOf } from "./sessions.js";

/** @type {Record<Api.SessionCredential, string>} */
const OPENED = { password: "with your password", accessToken: "with an access token" };

/** @param {Context} context @param {WholeAccount} account */
function nameForm({ hold }, account) {
  const fullName = field({ name: "fullName", label: "Full name", value: account.fullName, autocomplete: "name" });
  const { node } = form({
    fields: [fullName],
    hold,
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

/** Sign-ins from where nobody had signed in before, for the one who knows whether that was oneself. @param {Api.Session} session */
function newAddresses({ newAddresses: found, credential }) {
  if (found.length === 0) return null;
  const places = found.map(({ address, signedInAt }) => h("li", h("code", address), ", ", when(signedInAt)));
  return h("div.banner", h("div.stack.tight",
    h("p", found.length === 1 ? "Your password was used from a new address:" : "Your password was used from new addresses:"),
    h("ul", places),
    h("p", "If that was not you, ", credential === "password" ? h("a", { href: "/profile/password" }, "change your password") : "change your password", " and sign out everywhere.")));
}

/** @param {Context} context */
function renderSessions(context) {
  const { session } = context;
  const { username } = session;
  const isWhole = !isNarrowed(session);
  return [
    ...head("Profile", { tabs: profileTabs(SESSIONS, session) }),
    isWhole ? newAddresses(session) : h("p.prose.quiet.intro", "You signed in with a narrowed access token: you see what concerns this access token, and no sessions."),
    isWhole && sessionsOf(context, username),
    activity(context, path`/api/v0/accounts/${username}`, { audit: { account: username }, actor: username, signIns: isWhole }),
  ];
}

/** @param {Context} context */
async function render(context) {
  if (context.query.get("tab") === "sessions") return renderSessions(context);
  const { session } = context;
  // A narrowed access token sees its account's name, and nothing else of it: not what the account is otherwise.
  const isWhole = !isNarrowed(session);
  /** @type {WholeAccount | null} */
  const account = isWhole ? await get(`/enzi/v0/accounts/${session.username}`, { signal: context.signal }) : null;
  const known = facts([
    ["User name", session.username],
    isWhole && ["Role", session.isAdmin ? "administrator" : "user"],
    ["Signed in", isWhole ? OPENED[session.credential] : "with a narrowed access token"],
    ["Session ends", [when(session.expiresAt), ", unless you use it"]],
    ["Member since", account?.createdAt && when(account.createdAt)],
  ]);
  return [
    ...head("Profile", { tabs: profileTabs(PROFILE, session) }),
    h("section", known),
    account?.createdAt && h("section", h("h2", "Name"), nameForm(context, account)),
    account?.createdAt && password(account, session),
  ];
}

/** @type {Page} */
export const profile = { title: ({ query }) => (query.get("tab") === "sessions" ? "Sessions and activity" : "Profile"), render };
