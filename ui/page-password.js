// Owns the page that sets one's own password: on wish, after a temporary password, after one that an administrator set.
// A new password ends all sessions; this one is opened again with it.
//
// Exports
//   password     the page

import { ownPath } from "./address.js";
import { ApiError, post } from "./api.js";
import { head } from "./dom.js";
import { field, form, whose } from "./form.js";
import { say } from "./notice.js";
import { elsewhere } from "./narrowed.js";
import { BY_TOKEN, newPassword } from "./password-field.js";
import * as session from "./session.js";

const REASONS = {
  accessToken: "You signed in with a temporary password. It sets your own password once, and ends with that.",
  password: "You did not choose your password yourself. Set one that only you know.",
};

async function change(username, values) {
  if (values.newPassword !== values.repeated) throw new ApiError({ message: "The two are not the same.", detail: { field: "repeated" } });
  const { oldPassword, newPassword } = values;
  await post(`/enzi/v0/accounts/${username}/changePassword`, { body: { ...(oldPassword && { oldPassword }), newPassword } });
  await session.signIn(username, newPassword);
}

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

export const password = { title: "Password", render };
