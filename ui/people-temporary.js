// Owns the temporary password for a user who is locked out or new: an access token that sets the owner's password once.
// It is shown once, with the steps to tell the person. Between its making and its display it lives in this module only.
//
// Exports
//   makeTemporary(username, expiresAt)       → the API's answer, with the secret in `token`
//   askTemporary(context, account)           the dialog; shows the secret afterwards
//   keep(answer)                             for the next display of its owner's page
//   take(username)                           what was kept for this user, once; or null
//   showTemporary(context, answer)           the nodes of the page

import { post } from "./api.js";
import { ask } from "./dialog.js";
import { button, h, head, path } from "./dom.js";
import { block } from "./copy.js";
import { exact, when } from "./time.js";
import { temporaryField } from "./token-expiry.js";
import { secretField } from "./token-secret.js";

const HELD = "The temporary password is not shown again. Copy it first, or leave without it.";

let kept = null;

export const keep = (answer) => (kept = answer);

export function take(username) {
  const taken = kept?.username === username ? kept : null;
  kept = null;
  return taken;
}

export const makeTemporary = (username, expiresAt) =>
  post("/api/v0/api_tokens", { query: { username }, body: { temporaryPassword: true, tokenLabel: "temporary password", expiresAt } });

export async function askTemporary(context, account) {
  const made = await ask({
    title: `Temporary password for ${account.name}`,
    body: ["It lets the person sign in once to set a new password. What is there now, password and access tokens, works on until then."],
    fields: [temporaryField()],
    confirm: "Create",
    act: ({ expiresAt }) => makeTemporary(account.name, expiresAt),
  });
  // The next person at this browser must not see the secret.
  if (!made || context.signal.aborted) return;
  keep(made);
  await context.go(path`/people/${account.name}`, { replace: true });
}

/** The steps as a person would write them to another; the secret goes another way. */
function steps({ username, expiresAt }) {
  return [
    `1. Open ${location.origin}/sign-in`,
    `2. Sign in as ${username}; the password is the text that you get from me.`,
    "3. Set a new password that only you know.",
    `It works until ${exact(expiresAt)}, and ends once the new password is set.`,
  ].join("\n");
}

export function showTemporary(context, answer) {
  const { username } = answer;
  context.hold(HELD);
  const done = () => {
    context.hold(null);
    context.go(path`/people/${username}`, { replace: true });
  };
  const page = h("div.stack",
    secretField("Temporary password", answer.token, "It is not shown again."),
    h("section.wide", h("h2", `What to tell ${username}`),
      h("div.stack.tight.lines.wrapped",
        h("p.quiet", "Send these steps, and the temporary password by another way. It ends ", when(answer.expiresAt), "."),
        block(steps(answer), "Steps"))),
    button("Done", { kind: "primary", onclick: done }));
  // The browser may keep the page as it is and show it again at Back: not with this on it.
  addEventListener("pagehide", () => page.replaceChildren(), { signal: context.signal });
  context.signal.addEventListener("abort", () => page.replaceChildren());
  return [...head(`Temporary password for ${username}`), page];
}
