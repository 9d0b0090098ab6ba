// Owns the field that takes a new password.
//
// Exports
//   newPassword(more)     the field, `newPassword` unless `more` says otherwise; more goes to field() of form.js
//   BY_TOKEN              the text for sessions by an access token, which sets no password
//   tooShort(text)        what is wrong with a password's length, or nothing

import { field } from "./form.js";

export const BY_TOKEN = "You signed in with an access token. To set the password, sign in with the password itself.";

/** In bytes, as the server counts. */
const LEAST = 8;

export const tooShort = (text) => (new TextEncoder().encode(text).length < LEAST ? `At least ${LEAST} characters.` : null);

export const newPassword = (more = {}) => field({
  name: "newPassword", label: "New password", type: "password", autocomplete: "new-password",
  hint: `At least ${LEAST} characters; length is what counts.`, check: tooShort, ...more,
});
