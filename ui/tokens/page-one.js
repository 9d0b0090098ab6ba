// Owns the details of one access token: description and switch to change, the rest to read; rotate and delete.
//
// Exports
//   one      the page

import { get, patchNoting, readAll } from "../lib/api.js";
import { button, facts, h, head } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { exact, whenExactly } from "../lib/time.js";
import { deleteTokens, endOverlap, rotate } from "./dialogs.js";
import { showSecret } from "./secret.js";
import { access, agent, allows, crumbs, listHref, oneHref, stateBadge, TOKENS } from "./token.js";

/**
 * The access tokens that this one depends on, by id.
 * @param {Api.ApiToken} token @param {AbortSignal} signal @returns {Promise<Map<string, Api.ApiToken>>}
 */
async function parentsOf(token, signal) {
  if (!token.parent) return new Map();
  const all = await readAll(TOKENS, { query: { username: token.username }, signal });
  return new Map(all.map((it) => [it.id, it]));
}

/** @param {Api.ApiToken} token */
function repositories(token) {
  if (token.repositories.length === 0) return "all that the account reaches";
  return h("ul", token.repositories.map((it) => h("li", h("code", it))));
}

/** @param {Api.ApiToken} token @param {Map<string, Api.ApiToken>} parents @param {Api.Session} session */
function parent(token, parents, session) {
  if (!token.parent) return null;
  const made = parents.get(token.parent);
  return made ? h("a", { href: oneHref(made, session) }, made.tokenLabel) : "an access token that is gone, or another account's";
}

/**
 * What is told of two secrets: whether the new one is used, and whether the old one still is.
 * @param {Api.ApiToken} token @returns {[string, Child][]}
 */
function overlap(token) {
  const until = exact(token.previousUntil ?? "");
  /** @param {string | null} at @param {string | null} [from] @returns {Child} */
  const used = (at, from) => [whenExactly(at), from && ` from ${from}`];
  return [
    ["New secret used", used(token.currentLastUsed)],
    ["Old secret works", token.previousUntilUsed ? `until the new one is used, at the latest until ${until}` : `until ${until}`],
    ["Old secret used", used(token.previousLastUsed, token.previousLastUsedIp)],
  ];
}

/** @param {Api.ApiToken} token @param {Map<string, Api.ApiToken>} parents @param {Api.Session} session */
function known(token, parents, session) {
  return facts([
    ["State", stateBadge(token)],
    ["Owner", token.username],
    ["Access", `${access(token)}: ${allows(token)}`],
    ["Repositories", repositories(token)],
    ["Expires", whenExactly(token.expiresAt)],
    ["Last used", whenExactly(token.lastUsed)],
    ["From", token.lastUsedIp],
    ...(token.previousUntil ? overlap(token) : []),
    ["Created", whenExactly(token.createdAt)],
    ["Created with", [agent(token.creatorUa), agent(token.creatorUa) !== token.creatorUa && h("span.quiet", ` · ${token.creatorUa}`)]],
    ["Made by", parent(token, parents, session)],
    ["Kind", token.temporaryPassword ? "temporary password: it sets the owner's password once" : null],
    ["Hash", h("code", token.hashedToken)],
  ]);
}

/** @param {Context} context @param {Api.ApiToken} token */
function editor(context, token) {
  const label = field({ name: "tokenLabel", label: "Description", value: token.tokenLabel, maxlength: 128, required: true, autocomplete: "off" });
  const isActive = field({
    name: "isActive", label: "Is active", type: "switch", value: token.isActive,
    hint: "Off, it is refused, and so is what it made. It can be switched on again.",
  });
  return form({
    // One that was ended for good is never switched on again.
    fields: token.state === "revoked" ? [label] : [label, isActive],
    submit: "Save",
    onsubmit: async (body) => {
      const { warning } = await patchNoting(`${TOKENS}/${token.hashedToken}`, { body });
      say(warning ? `Saved. ${warning}` : "Saved");
      await context.reload();
    },
  }).node;
}

/** The hash is new, and so is the address. @param {Context} context @param {Api.NewApiToken} answer */
function rotated(context, answer) {
  const done = listHref(answer.username, context.session);
  const nodes = showSecret(context, answer, { title: `New secret for “${answer.tokenLabel}”`, done });
  context.swap(nodes, { href: oneHref(answer, context.session), title: answer.tokenLabel });
}

/** @param {Context} context @param {Api.ApiToken} token @param {string} list */
function dangers(context, token, list) {
  const turn = async () => {
    const answer = await rotate(token);
    if (answer) rotated(context, answer);
  };
  const remove = async () => {
    if (await deleteTokens([token])) context.go(list, { replace: true });
  };
  const end = async () => {
    if (await endOverlap(token)) await context.reload();
  };
  const canRotate = token.isActive && token.state !== "expired";
  return h("section", h("h2", "Replace or remove"),
    h("div.stack.tight",
      h("p", "A new secret for the same access token, with an overlap if wished. ", !canRotate && h("span.quiet", "One that is inactive, expired or revoked cannot be rotated.")),
      button("Rotate", { onclick: turn, disabled: !canRotate }),
      token.previousUntil && h("p", "The old secret still works. End it once nothing uses it any more."),
      token.previousUntil && button("End the old secret", { onclick: end }),
      h("p", "Deleted, it is refused at once, and so is what it made."),
      button("Delete", { kind: "danger", onclick: remove })));
}

/** @param {Context} context */
async function render(context) {
  const { session, params, signal } = context;
  /** @type {Api.ApiToken} */
  const token = await get(`${TOKENS}/${encodeURIComponent(params.id)}`, { signal });
  // Another's stands below that user's page, whatever the address says.
  if (token.username !== (params.name ?? session.username)) return void context.go(oneHref(token, session), { replace: true });
  const parents = await parentsOf(token, signal);
  context.setTitle(token.tokenLabel);
  return [
    ...head(token.tokenLabel, { crumbs: crumbs(token.username, session) }),
    h("section", editor(context, token)),
    h("section", h("h2", "Details"), known(token, parents, session)),
    dangers(context, token, listHref(token.username, session)),
  ];
}

/** @type {Page} */
export const one = { title: "Access token", render };
