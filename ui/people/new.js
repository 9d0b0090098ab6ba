// Owns the dialog that makes a user: one who chooses the password, one who gets one, or a service account.
//
// Exports
//   newUser(context)     opens the new user's page once it is made; that of a new access token for a service account

import { post } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { path } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { isName } from "../lib/names.js";
import { say } from "../lib/notice.js";
import { newHref } from "../tokens/token.js";
import { newPassword, tooShort } from "./page-password.js";
import { keep, makeTemporary } from "./temporary.js";

/** @param {string} text */
const wrongName = (text) => (isName(text.trim()) ? null : "Use lower-case letters and digits, joined by “.”, “_” or “-”.");

/**
 * A session by an access token makes neither temporary passwords nor administrators: both take the password itself.
 * @param {Api.Session} session
 */
function kinds(session) {
  const all = [
    ["temporary", "The user chooses it", "You get a temporary password to pass on; it works for 24 hours"],
    ["password", "You choose it", "The user is asked to replace it at the first sign-in"],
    ["service", "None: a service account", "For a pipeline or a machine; it signs in with access tokens only"],
  ];
  return session.credential === "password" ? all : all.slice(1);
}

/** @param {Api.Session} session */
function fieldsFor(session) {
  const isByToken = session.credential !== "password";
  const kind = field({ name: "kind", label: "Password", type: "radio", options: kinds(session), value: kinds(session)[0][0] });
  const password = newPassword({ name: "password", check: (text) => (kind.value === "password" ? tooShort(text) : null) });
  const adopt = field({
    name: "adoptRepositories", label: "Take over the repositories of this name", type: "checkbox",
    hint: "The new user will own them.",
  });
  const follow = () => (password.node.hidden = kind.value !== "password");
  kind.onchange(follow);
  follow();
  adopt.node.hidden = true;
  const fields = [
    field({ name: "name", label: "User name", autocomplete: "off", autocapitalize: "off", maxlength: 128, hint: "Also the namespace of the user's repositories. It cannot be changed later.", required: true, check: wrongName }),
    field({ name: "fullName", label: "Full name", autocomplete: "off" }),
    kind,
    password,
    field({
      name: "isAdmin", label: "Is administrator", type: "switch", disabled: isByToken,
      hint: isByToken ? "To set this, sign in with your password." : "May do everything, everywhere.",
    }),
    adopt,
  ];
  return { fields, kind, adopt };
}

/**
 * @param {{ name: string, fullName: string, kind: string, password: string, isAdmin: boolean, adoptRepositories: boolean }} values
 * @param {FormField} adopt @returns {Promise<Api.Account>}
 */
async function create({ name, fullName, kind, password, isAdmin, adoptRepositories }, adopt) {
  /** @satisfies {Api.CreateAccount} */
  const body = { name: name.trim(), fullName: fullName.trim(), ...(kind === "password" && { password }), isAdmin, adoptRepositories };
  try {
    return await post("/enzi/v0/accounts", { body });
  } catch (error) {
    if (error.code === "NAMESPACE_IN_USE") {
      adopt.node.hidden = false;
      error.field = "adoptRepositories";
      error.message = "There are repositories of this name, or deleted ones whose content may still be in the registry. Take them over, or choose another name.";
    }
    throw error;
  }
}

/** @param {Context} context */
export async function newUser(context) {
  const { fields, kind, adopt } = fieldsFor(context.session);
  /** @param {any} values */
  const act = async (values) => {
    const made = await create(values, adopt);
    if (kind.value !== "temporary") return { made };
    // The user stands even if this fails; the page has the same button again.
    return makeTemporary(made.name).then((temporary) => ({ made, temporary }), (error) => ({ made, error }));
  };
  const done = await ask({ title: "New user", fields, confirm: "Create", act });
  // The next person at this browser must not see the secret.
  if (!done || context.signal.aborted) return;
  const { made, temporary, error } = done;
  if (temporary) keep(temporary);
  else say(error ? error.message : `${made.name} created`);
  // A service account is of no use without one.
  await context.go(kind.value === "service" ? newHref(made.name, context.session) : path`/people/${made.name}`);
}
