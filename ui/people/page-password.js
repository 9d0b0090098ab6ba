// Owns how one sets one's own password: the page, and the line on all others as long as an administrator set it. A new
// password ends all sessions; this one is opened again with it.
//
// Exports
//   password              the page
//   passwordBanner(session)     the line; null where there is no need, or once it was put away in this session
//   newPassword(more)     the field that takes a new one, `newPassword` unless `more` says otherwise; more goes to field()
//   BY_TOKEN              the text for sessions by an access token, which sets no password
//   tooShort(text)        what is wrong with a password's length, or nothing

import { post } from "../lib/api.js";
import { button, h, head } from "../lib/dom.js";
import { focusHeading } from "../lib/focus.js";
import { field, form, refuse, whose } from "../lib/form.js";
import { elsewhere } from "../lib/narrowed.js";
import { say } from "../lib/notice.js";
import * as session from "../lib/session.js";
import { ownPath } from "../pages.js";

export const BY_TOKEN = "You signed in with an access token. To change your password, sign in with the password.";

/** In bytes, as the server counts. */
const LEAST = 8;

/** @param {string} text */
export const tooShort = (text) => (new TextEncoder().encode(text).length < LEAST ? `At least ${LEAST} characters.` : null);

/** @param {Partial<FieldOptions>} [more] */
export const newPassword = (more = {}) => field({
  name: "newPassword", label: "New password", type: "password", autocomplete: "new-password",
  hint: `At least ${LEAST} characters; longer is better.`, check: tooShort, ...more,
});

/** Why one is asked for a new password, and what happens without one. @type {Record<Api.SessionCredential, [why: string, later: string]>} */
const REASONS = {
  accessToken: ["You signed in with a temporary password. Set one that only you know.", "Later: the temporary password keeps working until it expires. After that, you need another one from an administrator."],
  password: ["An administrator set your password. Set one that only you know.", "Later: your present password keeps working, and you are asked again at the next sign-in."],
};

/** In whose session the line was put away. */
const AWAY = "password-later";
session.onChange(() => sessionStorage.removeItem(AWAY));

/** @param {Api.Session | null} session */
export function passwordBanner(session) {
  if (!session?.setPassword || sessionStorage.getItem(AWAY) === session.username) return null;
  const text = session.credential === "accessToken" ? "You signed in with a temporary password. " : "An administrator set your password. ";
  const away = () => {
    sessionStorage.setItem(AWAY, session.username);
    line.remove();
    focusHeading();
  };
  const line = h("div.banner.slim", h("p", text, h("a", { href: "/profile/password" }, "Set your own")), button("Later", { kind: "plain", onclick: away }));
  return line;
}

/** @param {string} username @param {{ oldPassword?: string, newPassword: string, repeated: string }} values */
async function change(username, values) {
  if (values.newPassword !== values.repeated) refuse("repeated", "The two passwords differ.");
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
  const old = field({ name: "oldPassword", label: "Current password", type: "password", autocomplete: "current-password", required: true });
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
      say("Password set. Your other sessions have ended; access tokens stay.");
      await context.go(next, { replace: true });
    },
  });
  const [why, later] = setPassword ? REASONS[credential] : [];
  return [...head(setPassword ? "Set a new password" : "Change password", { lead: why }), made.node, later && h("p.quiet.small.below", later)];
}

/** @type {Page} */
export const password = { title: "Password", render };
