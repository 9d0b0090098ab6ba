// Owns the page that makes an access token, and after it the one display of its secret.
//
// Exports
//   create     the page

import { postNoting } from "./api.js";
import { chipsField, patterns } from "./complete.js";
import { head } from "./dom.js";
import { field, form } from "./form.js";
import { isName } from "./name.js";
import { crumbs, listHref, newHref, oneHref } from "./token-address.js";
import { expiryField } from "./token-expiry.js";
import { showSecret } from "./token-secret.js";
import { LEVEL_CHOICES } from "./token-state.js";

/** What is wrong with a repository or `namespace/*`, as access tokens take them. */
function wrongPattern(text) {
  const [namespace, ...parts] = text.split("/");
  const isWide = parts.length === 1 && parts[0] === "*";
  const isOne = parts.length > 0 && parts.every(isName);
  if (text.replace(/\/\*$/, "").includes("*")) return `“${text}”: * stands alone after /. alice/* is everything below alice.`;
  const isRight = (namespace === "_" || isName(namespace)) && (isWide || isOne);
  return isRight ? null : `“${text}” is no repository. Write alice/app, or alice/* for everything below alice.`;
}

function fieldsFor(session) {
  return [
    field({
      name: "tokenLabel", label: "Description", maxlength: 128, autocomplete: "off",
      hint: "Where it will be used, so that you know it again: laptop, build server.",
      required: true,
    }),
    field({ name: "accessLevel", label: "Access", type: "radio", value: "admin", options: LEVEL_CHOICES }),
    chipsField({
      name: "repositories", label: "Repositories", suggest: patterns, check: wrongPattern, placeholder: "alice/app or alice/*",
      hint: "Only these; all that the account reaches, if none is named. Narrowed like this it sees nothing else of the account.",
    }),
    expiryField(session),
  ];
}

/** From now on the address is that of the access token: a reload shows its details, without the secret. */
function made(context, { body: answer, warning }, list) {
  const href = oneHref(answer, context.session);
  const nodes = showSecret(context, answer, { title: `“${answer.tokenLabel}” is ready`, done: list, warning });
  context.swap(nodes, { href, title: answer.tokenLabel });
}

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
    onsubmit: async (body) => made(context, await postNoting("/api/v0/api_tokens", { query: { username }, body }), list),
  });
  const lead = isOwn ? null : `It will belong to ${username}, with what ${username} may.`;
  return [...head("New access token", { crumbs: crumbs(username, session), lead }), node];
}

export const create = { title: "New access token", render };
