// Owns the page that makes an access token, and after it the one display of its secret.
//
// Exports
//   create     the page

import { postNoting } from "../lib/api.js";
import { chipsField, patterns } from "../lib/complete.js";
import { head } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { TOKEN_LEVELS } from "../lib/level.js";
import { wrongPattern } from "../lib/names.js";
import { expiryField } from "./expiry.js";
import { showSecret } from "./secret.js";
import { crumbs, listHref, newHref, oneHref, TOKENS } from "./token.js";

/** @param {Api.Session} session */
function fieldsFor(session) {
  return [
    field({
      name: "tokenLabel", label: "Description", maxlength: 128, autocomplete: "off",
      hint: "Where it will be used, so that you know it again: laptop, build server.",
      required: true,
    }),
    field({ name: "accessLevel", label: "Access", type: "radio", value: "admin", options: TOKEN_LEVELS }),
    chipsField({
      name: "repositories", label: "Repositories", suggest: patterns, check: wrongPattern, placeholder: "alice/app or alice/*",
      hint: "Only these; all that the account reaches, if none is named. Narrowed like this it sees nothing else of the account.",
    }),
    expiryField(session),
  ];
}

/**
 * From now on the address is that of the access token: a reload shows its details, without the secret.
 * @param {Context} context @param {{ body: Api.NewApiToken, warning: string | null }} answer @param {string} list
 */
function made(context, { body: answer, warning }, list) {
  const href = oneHref(answer, context.session);
  const nodes = showSecret(context, answer, { title: `“${answer.tokenLabel}” is ready`, done: list, warning });
  context.swap(nodes, { href, title: answer.tokenLabel });
}

/** @param {Context} context */
async function render(context) {
  const { session, params, query } = context;
  const username = params.name ?? session.username;
  const asked = query.get("username") ?? username;
  if (asked !== username) return void context.go(newHref(asked, session), { replace: true });
  const isOwn = username === session.username;
  const list = listHref(username, session);
  const fields = fieldsFor(session);
  const { node } = form({
    fields,
    submit: "Create",
    cancel: { label: "Cancel", href: list },
    onsubmit: async (body) => made(context, await postNoting(TOKENS, { query: { username }, body }), list),
  });
  const lead = isOwn ? null : `It will belong to ${username}, with what ${username} may.`;
  return [...head("New access token", { crumbs: crumbs(username, session), lead }), node];
}

/** @type {Page} */
export const create = { title: "New access token", render };
