// Owns the dialog that tells which access token a text is: somebody found one in a log, or a scanner reports one. The text
// goes to the server and nowhere else.
//
// Exports
//   identify(context)     opens the details of the access token, if the person wants them
//   secretWord(found)     which of its secrets the text is, as a sentence

import { post } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { facts, h } from "../lib/dom.js";
import { beside, field } from "../lib/form.js";
import { exact, when } from "../lib/time.js";
import { anyHref } from "./everybody.js";
import { stateBadge, TOKENS } from "./token.js";

/** @param {Pick<Api.IdentifiedApiToken, "secret" | "secretUntil">} found */
export function secretWord({ secret, secretUntil }) {
  const until = secretUntil ? ` until ${exact(secretUntil)}` : "";
  switch (secret) {
    case "present": return "The present secret.";
    case "replaced": return `The old secret, replaced by a rotation. It works${until}.`;
    case "ended": return "A former secret, which no longer works.";
  }
}

/** @param {Api.IdentifiedApiToken} found */
const known = (found) => facts([
  ["Secret", secretWord(found)],
  ["State", h("span", stateBadge(found))],
  ["Owner", found.robot ? `${found.username} (robot ${found.robot})` : found.username],
  ["Last used", when(found.lastUsed)],
]);

/** @param {Context} context */
export async function identify(context) {
  // Hidden by its style: of a field of passwords, the browser would offer to keep the text, and put a password into it.
  const text = field({
    name: "token", label: "Access token", autocomplete: "off", autocapitalize: "off", "data-hidden": "true", required: true,
    hint: "The whole text, from dkp_ to the end. It is sent to the server and not kept.",
  });
  /** @type {Api.IdentifiedApiToken | null} */
  const found = await ask({
    title: "Identify an access token",
    body: "Find out whose access token a text is, such as one that was found in a log.",
    fields: [text],
    confirm: "Identify",
    act: ({ token }) => post(`${TOKENS}/identify`, { body: /** @satisfies {Api.IdentifyApiToken} */ ({ token: token.trim() }) })
      .catch((error) => {
        if (error.code === "NO_SUCH_API_TOKEN") error.message = "This is no access token of this server, or it was deleted.";
        return beside({ NO_SUCH_API_TOKEN: "token" })(error);
      }),
  });
  if (!found || context.signal.aborted) return;
  const opens = await ask({ title: found.tokenLabel, body: known(found), confirm: "View details", cancel: "Close" });
  if (opens) await context.go(anyHref(found, context.session));
}
