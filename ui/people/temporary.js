// Owns the temporary password for a user who is locked out or new: an access token that sets the owner's password once.
// It is shown once, with the steps to tell the person. Between its making and its display it lives in this module only.
//
// Exports
//   makeTemporary(username, expiresAt)       → the API's answer, with the secret in `token`
//   askTemporary(context, account)           the dialog; shows the secret afterwards
//   keep(answer)                             for the next display of its owner's page
//   take(username)                           what was kept for this user, once; or null
//   showTemporary(context, answer)           the nodes of the page

import { post } from "../lib/api.js";
import { block } from "../lib/copy.js";
import { ask } from "../lib/dialog.js";
import { h, path } from "../lib/dom.js";
import { exact, when } from "../lib/time.js";
import { temporaryField } from "../tokens/expiry.js";
import { secretField, shownOnce } from "../tokens/secret.js";
import { TOKENS } from "../tokens/token.js";

const HELD = "The temporary password is not shown again. Copy it first, or leave without it.";

/** @type {Api.NewApiToken | null} */
let kept = null;

/** @param {Api.NewApiToken} answer */
export const keep = (answer) => (kept = answer);

/** @param {string} username */
export function take(username) {
  const taken = kept?.username === username ? kept : null;
  kept = null;
  return taken;
}

/** @param {string} username @param {string} [expiresAt] @returns {Promise<Api.NewApiToken>} */
export const makeTemporary = (username, expiresAt) =>
  post(TOKENS, { query: { username }, body: /** @satisfies {Api.CreateApiToken} */ ({ temporaryPassword: true, tokenLabel: "temporary password", expiresAt }) });

/** @param {Context} context @param {WholeAccount} account */
export async function askTemporary(context, account) {
  const made = await ask({
    title: `Temporary password for ${account.name}`,
    body: ["With it the user signs in and sets a new password. Until then, the present password and access tokens keep working."],
    fields: [temporaryField()],
    confirm: "Create",
    act: ({ expiresAt }) => makeTemporary(account.name, expiresAt),
  });
  // The next person at this browser must not see the secret.
  if (!made || context.signal.aborted) return;
  keep(made);
  await context.go(path`/people/${account.name}`, { replace: true });
}

/** The steps as a person would write them to another; the secret goes another way. @param {Api.NewApiToken} answer */
function steps({ username, expiresAt }) {
  return [
    `1. Open ${location.origin}/sign-in`,
    `2. Sign in as ${username}, with the temporary password that I send you separately.`,
    "3. Set a new password that only you know.",
    `It works until ${exact(expiresAt ?? "")}, or until the new password is set.`,
  ].join("\n");
}

/** @param {Context} context @param {Api.NewApiToken} answer */
export function showTemporary(context, answer) {
  const { username } = answer;
  return shownOnce(context, { title: `Temporary password for ${username}`, done: path`/people/${username}`, held: HELD, nodes: [
    secretField("Temporary password", answer.token, "It is not shown again."),
    h("section.wide", h("h2", `What to tell ${username}`),
      h("div.stack.tight.lines.wrapped",
        h("p.quiet", "Send these steps one way, and the temporary password another. It expires ", when(answer.expiresAt), "."),
        block(steps(answer), "Steps"))),
  ] });
}
