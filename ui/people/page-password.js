// Owns the page that sets one's own password: on wish, after a temporary password, after one that an administrator set.
// A new password ends all sessions; this one is opened again with it.
//
// Exports
//   password              the page
//   newPassword(more)     the field that takes a new one, `newPassword` unless `more` says otherwise; more goes to field()
//   BY_TOKEN              the text for sessions by an access token, which sets no password
//   tooShort(text)        what is wrong with a password's length, or nothing

import { post } from "../lib/api.js";
import { head } from "../lib/dom.js";
import { field, form, refuse, whose } from "../lib/form.js";
import { elsewhere } from "../lib/narrowed.js";
import { say } from "../lib/notice.js";
import * as session from "../lib/session.js";
import { ownPath } from "../pages.js";

export const BY_TOKEN = "You signed in with an access token. To set the password, sign in with the password itself.";

/** In bytes, as the server counts. */
const LEAST = 8;

/** @param {string} text */
export const tooShort = (text) => (new TextEncoder().encode(text).length < LEAST ? `At least ${LEAST} characters.` : null);

/** @param {Partial<FieldOptions>} [more] */
export const newPassword = (more = {}) => field({
  name: "newPassword", label: "New password", type: "password", autocomplete: "new-password",
  hint: `At least ${LEAST} characters; length is what counts.`, check: tooShort, ...more,
});

/** @type {Record<Api.SessionCredential, string>} */
const REASONS = {
  accessToken: "You signed in with a temporary password. It sets your own password once, and ends with that.",
  password: "You did not choose your password yourself. Set one that only you know.",
};

/** @param {string} username @param {{ oldPassword?: string, newPassword: string, repeated: string }} values */
async function change(username, values) {
  if (values.newPassword !== values.repeated) refuse("repeated", "The two are not the same.");
  const { oldPassword, newPassword: fresh } = values;
  await post(`/enzi/v0/accounts/${username}/changePassword`, { body: /** @satisfies {Api.ChangePassword} */ ({ ...(oldPassword && { oldPassword }), newPassword: fresh }) });
  await session.signIn(username, fresh);
}

/** @param {Context} context */
async function render(context) {
  const { username, credential, setPassword } = context.session;
  if (credential === "accessToken" && !setPassword) return elsewhere("Change password", BY_TOKEN);
  const isTemporary = setPassword && credential === "accessToken";
  const next = ownPath(context.query.get("next"), "/profile");
  const old = field({ name: "oldPassword", label: "Present password", type: "password", autocomplete: "current-password", required: true });
  const fresh = newPassword({ required: true });
  const repeated = field({ name: "repeated", label: "New password again", type: "password", autocomplete: "new-password", required: true });
  const fields = isTemporary ? [fresh, repeated] : [old, fresh, repeated];
  const made = form({
    fields,
    children: [whose(username).node, ...fields.map((it) => it.node)],
    submit: "Set password",
    cancel: { label: setPassword ? "Later" : "Cancel", href: next },
    onsubmit: async (values) => {
      await change(username, values);
      say("Password set. Other sessions ended; access tokens stay.");
      await context.go(next, { replace: true });
    },
  });
  return [...head(setPassword ? "Set a new password" : "Change password", { lead: setPassword ? REASONS[credential] : null }), made.node];
}

/** @type {Page} */
export const password = { title: "Password", render };
