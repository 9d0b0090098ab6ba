// Owns the page that makes an access token, and after it the one display of its secret.
//
// Exports
//   create                 the page; ?like= takes over from one that is there, by its hash; ?for= is a key of PURPOSES, and
//                          ?repository= a pattern
//   newForm(context, whose, { like, first, last, body, done })     the form, which pages of robots use as well:
//       like      an access token from which description, level, repositories and length of life are taken over
//       first     further fields, such as the name of a robot, before the description
//       body      (values) → the body of the request
//       done      (answer, warning, client) is told of what was made, and of the client whose lines come first

import { get, postNoting } from "../lib/api.js";
import { chipsField, patterns } from "../lib/complete.js";
import { h, head } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { wrongPattern } from "../lib/names.js";
import { expiryField, lifeOf } from "./expiry.js";
import { patternsOf, preview } from "./preview.js";
import { PURPOSES, purposeField } from "./purpose.js";
import { showSecret } from "./secret.js";
import { newHref, ofUser, oneHref, TOKENS } from "./token.js";

const DAY = 86_400;

const ANY = {
  suggest: patterns, placeholder: "alice/app or alice/*",
  hint: "Leave empty for all repositories. With a list, the token cannot see your account.",
};

/** @param {Context} context @param {Whose} whose @param {Api.ApiToken | null} like */
function fieldsFor({ session, query }, { levels, patterns: within = ANY }, like) {
  const wanted = query.get("for") ?? "";
  const purpose = purposeField(Object.hasOwn(PURPOSES, wanted) ? wanted : "");
  const label = field({
    name: "tokenLabel", label: "Description", maxlength: 128, autocomplete: "off", value: like?.tokenLabel ?? "",
    hint: "Where it will be used, so that you know it again: laptop, build server.",
    required: true,
  });
  const level = field({ name: "accessLevel", label: "Access", type: "radio", value: like?.accessLevel, options: levels, required: true });
  const named = query.get("repository");
  const repositories = chipsField({
    name: "repositories", label: "Repositories", check: wrongPattern, ...within,
    values: like?.repositories ?? (named && !wrongPattern(named) ? [named] : []),
  });
  return { purpose, label, level, repositories, expiry: expiryField(session, like ? { like: lifeOf(like) } : {}) };
}

/**
 * What follows from the purpose. What somebody typed or chose stays.
 * @param {ReturnType<typeof fieldsFor>} fields
 */
function propose({ purpose, label, level, expiry }) {
  let [proposed, isChosen, isTimed] = ["", level.value !== "", false];
  level.onchange(() => (isChosen = true));
  expiry.onchange(() => (isTimed = true));
  const follow = () => {
    const follows = PURPOSES[purpose.value];
    if (!follows) return;
    if (label.value === proposed) label.value = proposed = follows.label ?? "";
    if (!isChosen && follows.level) level.value = follows.level;
    // What was missing is there now.
    for (const it of [label, level]) if (it.value) it.fail(null);
    if (!isTimed && follows.days) expiry.propose(follows.days * DAY);
  };
  purpose.onchange(follow);
  return follow;
}

/**
 * @param {Context} context @param {Whose} whose
 * @param {{ like?: Api.ApiToken | null, first?: FormField[], body?(values: any): any, done(answer: any, warning: string | null, client: string | null): void }} options
 */
export function newForm(context, whose, { like = null, first = [], body = (values) => values, done }) {
  const fields = fieldsFor(context, whose, like);
  const { purpose, label, level, repositories, expiry } = fields;
  const follow = propose(fields);
  if (!like) follow();
  const live = preview(context, whose, () => ({ accessLevel: level.value, repositories: patternsOf(repositories.typed), expiresAt: expiry.value }));
  const shown = [purpose, ...first, label, level, repositories, expiry];
  const { node } = form({
    fields: shown,
    children: [...shown.map((it) => it.node), live.node],
    submit: "Create",
    cancel: { label: "Cancel", href: whose.listHref },
    hold: context.hold,
    onsubmit: async ({ purpose: wanted, ...values }) => {
      const { body: answer, warning } = await postNoting(whose.api, { query: whose.query, body: body(values) });
      done(answer, warning, PURPOSES[wanted]?.client ?? null);
    },
  });
  node.addEventListener("input", live.ask);
  live.ask();
  (like ? label.control : purpose.node.querySelector("input")).dataset.focus = "";
  return node;
}

/**
 * From now on the address is that of the access token: a reload shows its details, without the secret.
 * @param {Context} context @param {Whose} whose
 */
const made = (context, whose) => (/** @type {Api.NewApiToken} */ answer, /** @type {string | null} */ warning, /** @type {string | null} */ client) => {
  const nodes = showSecret(context, answer, { title: `“${answer.tokenLabel}” is ready`, done: whose.listHref, warning, first: client, path: whose.oneApi(answer) });
  context.swap(nodes, { href: whose.oneHref(answer), title: answer.tokenLabel });
};

/** The rest of the query, for the page of the user that it names. @param {URLSearchParams} query */
function others(query) {
  const rest = new URLSearchParams(query);
  rest.delete("username");
  return rest.size > 0 ? `?${rest}` : "";
}

/** @param {Context} context */
async function render(context) {
  const { session, params, query, signal } = context;
  const username = params.name ?? session.username;
  const asked = query.get("username") ?? username;
  if (asked !== username) return void context.go(newHref(asked, session) + others(query), { replace: true });
  const wanted = query.get("like");
  /** @type {Api.ApiToken | null} */
  const like = wanted && (await get(`${TOKENS}/${encodeURIComponent(wanted)}`, { signal }));
  const isOwn = username === session.username;
  const whose = ofUser(username, session);
  const lead = isOwn ? null : `It will belong to ${username}, with what ${username} may.`;
  return [
    ...head("New access token", { crumbs: whose.crumbs, lead }),
    like && h("p.intro", "Taken over from ", h("a", { href: oneHref(like, session) }, like.tokenLabel), ". Its secret stays as it is."),
    newForm(context, whose, { like, done: made(context, whose) }),
  ];
}

/** @type {Page} */
export const create = { title: "New access token", render };
