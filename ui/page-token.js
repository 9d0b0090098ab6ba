// Owns the details of one access token: description and switch to change, the rest to read; rotate and delete.
//
// Exports
//   one      the page

import { get, patchNoting, readAll } from "./api.js";
import { button, facts, h, head } from "./dom.js";
import { field, form } from "./form.js";
import { say } from "./notice.js";
import { exact, isNever, when } from "./time.js";
import { deleteTokens, endOverlap, rotate } from "./token-dialogs.js";
import { showSecret } from "./token-secret.js";
import { crumbs, listHref, oneHref } from "./token-address.js";
import { access, agent, allows, stateBadge } from "./token-state.js";

const API = "/api/v0/api_tokens";

/** The access tokens that this one depends on, by id. */
async function parentsOf(token, signal) {
  if (!token.parent) return new Map();
  const all = await readAll(API, { query: { username: token.username }, signal });
  return new Map(all.map((it) => [it.id, it]));
}

const withExact = (iso, never) => (isNever(iso) ? never : [when(iso), h("span.quiet", ` · ${exact(iso)}`)]);

function repositories(token) {
  if (token.repositories.length === 0) return "all that the account reaches";
  return h("ul", token.repositories.map((it) => h("li", h("code", it))));
}

function parent(token, parents, session) {
  const made = parents.get(token.parent);
  if (!token.parent) return null;
  return made ? h("a", { href: oneHref(made, session) }, made.tokenLabel) : "an access token that is gone, or another account's";
}

/** What is told of two secrets: whether the new one is used, and whether the old one still is. */
function overlap(token) {
  const until = exact(token.previousUntil);
  const used = (at, from) => [withExact(at, "never"), from && ` from ${from}`];
  return [
    ["New secret used", used(token.currentLastUsed)],
    ["Old secret works", token.previousUntilUsed ? `until the new one is used, at the latest until ${until}` : `until ${until}`],
    ["Old secret used", used(token.previousLastUsed, token.previousLastUsedIp)],
  ];
}

function known(token, parents, session) {
  return facts([
    ["State", stateBadge(token)],
    ["Owner", token.username],
    ["Access", `${access(token)}: ${allows(token)}`],
    ["Repositories", repositories(token)],
    ["Expires", withExact(token.expiresAt, "never")],
    ["Last used", withExact(token.lastUsed, "never")],
    ["From", token.lastUsedIp],
    ...(token.previousUntil ? overlap(token) : []),
    ["Created", withExact(token.createdAt)],
    ["Created with", [agent(token.creatorUa), agent(token.creatorUa) !== token.creatorUa && h("span.quiet", ` · ${token.creatorUa}`)]],
    ["Made by", parent(token, parents, session)],
    ["Kind", token.temporaryPassword ? "temporary password: it sets the owner's password once" : null],
    ["Hash", h("code", token.hashedToken)],
  ]);
}

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
      const { warning } = await patchNoting(`${API}/${token.hashedToken}`, { body });
      say(warning ? `Saved. ${warning}` : "Saved");
      await context.reload();
    },
  }).node;
}

/** The hash is new, and so is the address. */
function rotated(context, answer) {
  const done = listHref(answer.username, context.session);
  const nodes = showSecret(context, answer, { title: `New secret for “${answer.tokenLabel}”`, done });
  context.swap(nodes, { href: oneHref(answer, context.session), title: answer.tokenLabel });
}

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

async function render(context) {
  const { session, params, signal } = context;
  const token = await get(`${API}/${encodeURIComponent(params.id)}`, { signal });
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

export const one = { title: "Access token", render };
