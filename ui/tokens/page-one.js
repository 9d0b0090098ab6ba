// Owns the details of one access token: description and switch to change, the rest to read; lines, renewal, deletion.
//
// Exports
//   one      the page
//   details(context, token, whose, parents)     its nodes, for robots, too; parents are the access tokens that it depends on, by id
//   parentsOf(token, username, signal)          those, where they are this user's

import { ApiError, get, isGone, patchNoting, readAll } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, facts, h, head, linkButton } from "../lib/dom.js";
import { focusHeading } from "../lib/focus.js";
import { field, form } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { day, exact, whenExactly } from "../lib/time.js";
import { activity } from "./activity.js";
import { connect } from "./connect.js";
import { deleteTokens } from "./dialogs.js";
import { reached } from "./reach.js";
import { oldSecretUntil, rotate } from "./rotate.js";
import { showSecret } from "./secret.js";
import { access, agent, allows, ofUser, oneHref, stateBadge, TOKENS, userName } from "./token.js";

/**
 * The access tokens that this one depends on, by id.
 * @param {Api.ApiToken} token @param {string} username @param {AbortSignal} signal @returns {Promise<Map<string, Api.ApiToken>>}
 */
export async function parentsOf(token, username, signal) {
  if (!token.parent) return new Map();
  const all = await readAll(TOKENS, { query: { username }, signal });
  return new Map(all.map((it) => [it.id, it]));
}

/** @param {Api.ApiToken} token */
function repositories(token) {
  if (token.repositories.length === 0) return "all that the account has access to";
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

/** What made it: the user agent is said once. @param {string} text */
function creator(text) {
  const short = agent(text);
  return text === "" || short === text || text === short.replace(" ", "/") ? short : [short, h("span.quiet", ` · ${text}`)];
}

/** @param {Api.ApiToken} token @param {Map<string, Api.ApiToken>} parents @param {Api.Session} session */
function known(token, parents, session) {
  return facts([
    [token.robot ? "User name" : "Owner", userName(token)],
    ["Access", token.accessLevel === "admin" ? access(token, session) : `${access(token, session)}: ${allows(token)}`],
    ["Repositories", repositories(token)],
    [token.state === "expired" ? "Expired" : "Expires", whenExactly(token.expiresAt)],
    ["Last used", whenExactly(token.lastUsed)],
    ["From", token.lastUsedIp],
    ...(token.previousUntil ? overlap(token) : []),
    ["Created", whenExactly(token.createdAt)],
    ["Created with", creator(token.creatorUa)],
    ["Made by", parent(token, parents, session)],
    ["Secret asked for by", token.robot ? token.secretBy : null],
    ["Kind", token.temporaryPassword ? "temporary password: it sets the owner's password once" : null],
    ["ID", h("code", token.id)],
    ["Hash", h("code", token.hashedToken)],
  ]);
}

/** Whether there is something to switch: what ended stays so. @param {Api.ApiToken} token */
const hasEnded = ({ state }) => state === "revoked" || state === "expired";

/** @param {Context} context @param {Api.ApiToken} token @param {Whose} whose */
function editor(context, token, whose) {
  const label = field({ name: "tokenLabel", label: "Description", value: token.tokenLabel, maxlength: 128, required: true, autocomplete: "off" });
  const isActive = field({
    name: "isActive", label: "Is active", type: "switch", value: token.isActive,
    hint: `Off: requests with it are refused${token.robot ? "" : ", also from tokens made with it"}. It can be switched on again.`,
  });
  return form({
    fields: hasEnded(token) ? [label] : [label, isActive],
    submit: "Save",
    hold: context.hold,
    onsubmit: async (body) => {
      const { warning } = await patchNoting(whose.oneApi(token), { body });
      say(warning ? `Saved. ${warning}` : "Saved");
      await context.reload();
    },
  });
}

/** The hash is new, and so is the address. @param {Context} context @param {Api.NewApiToken} answer @param {Whose} whose */
function rotated(context, answer, whose) {
  const nodes = showSecret(context, answer, { title: `New secret for “${answer.tokenLabel}”`, done: whose.listHref, path: whose.oneApi(answer) });
  context.swap(nodes, { href: whose.oneHref(answer), title: answer.tokenLabel });
}

/** @param {Api.ApiToken} token */
const why = (token) => {
  if (hasEnded(token)) return "A new one takes over its description, access and length of life.";
  return "Rotating gives it a new secret; the old one can keep working for a while. A new one like this is a second one with the same limits.";
};

/** Whether the page may go for a new secret, with what was changed on it. @param {Form} changes */
const mayLose = async (changes) => !changes.isChanged() || (await ask({
  title: "Rotate without saving?",
  body: "What you changed here is not saved. The new secret takes the place of this page.",
  confirm: "Rotate without saving", kind: "danger", cancel: "Stay",
})) !== null;

/** @param {Context} context @param {Api.ApiToken} token @param {Whose} whose @param {Form} changes */
function dangers(context, token, whose, changes) {
  const turn = async () => {
    if (!(await mayLose(changes))) return;
    const answer = await rotate(token, whose);
    if (answer) rotated(context, answer, whose);
  };
  const remove = async () => {
    if (await deleteTokens([token])) context.go(whose.listHref, { replace: true });
  };
  const like = !token.temporaryPassword && linkButton("New one like this", `${whose.newHref}?${new URLSearchParams({ like: token.hashedToken })}`, hasEnded(token) ? "primary" : "");
  const turning = !hasEnded(token) && button("Rotate", { onclick: turn, disabled: !token.isActive });
  return h("section", h("h2", "Replace or remove"),
    h("div.stack.tight",
      h("p", why(token), !hasEnded(token) && !token.isActive && h("span.quiet", " Switch it on to rotate it.")),
      h("div.row", turning, like),
      h("p", `Once deleted, it is refused at once${token.robot ? "" : ", and so are tokens made with it"}.`),
      button("Delete", { kind: "danger", onclick: remove })));
}

/** What keeps clients from signing in, by the state that the API says. @type {Record<string, string>} */
const SHUT_OUT = {
  expired: "It has expired: clients cannot sign in with it.",
  revoked: "It was revoked: clients cannot sign in with it.",
  inactive: "Clients can sign in with it once it is switched on.",
  accountInactive: "Clients can sign in with it once its account is active.",
  stopped: "Clients can sign in with it once the access token that made it is accepted.",
};

/** The lines for clients, or why there are none. @param {Context} context @param {Api.ApiToken} token */
function client(context, token) {
  const { temporaryPassword, state } = token;
  const isAccepted = state === "active" && !temporaryPassword;
  if (isAccepted) return connect(context, { username: userName(token), label: token.tokenLabel, id: token.id });
  return h("p", temporaryPassword
    ? "A temporary password only sets the owner’s password: clients cannot sign in with it."
    : SHUT_OUT[state] ?? "Clients cannot sign in with it at present.");
}

/**
 * The page of one: pages of robots have it as well.
 * @param {Context} context @param {Api.ApiToken} token @param {Whose} whose @param {Map<string, Api.ApiToken>} parents
 */
export function details(context, token, whose, parents) {
  const title = token.robot ? userName(token) : token.tokenLabel;
  const api = whose.oneApi(token);
  context.setTitle(title);
  const changes = editor(context, token, whose);
  const about = known(token, parents, context.session);
  // Nothing else is drawn anew: what was changed and not saved stays.
  const banner = oldSecretUntil(token, whose, () => {
    banner?.remove();
    about.replaceWith(known({ ...token, previousUntil: null }, parents, context.session));
    focusHeading();
  });
  return [
    ...head(title, { crumbs: whose.crumbs }),
    banner,
    h("section", h("p.state.intro", stateBadge(token), token.state === "expired" && token.expiresAt && h("span", "Expired on ", day(token.expiresAt))), changes.node),
    h("section", h("h2", "Details"), about),
    h("section", h("h2", "Connect"), client(context, token)),
    reached(context, api),
    activity(context, api, { audit: { token: token.id }, token: token.id, actor: userName(token) }),
    dangers(context, token, whose, changes),
  ];
}

/** The audit log has the id, which stays through rotations. */
const ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** By the hash of its secret, or by its id. @param {Context} context @returns {Promise<Api.ApiToken>} */
const read = ({ params: { id }, signal }) => get(`${TOKENS}/${encodeURIComponent(id)}`, { signal }).catch((error) => {
  if (!isGone(error) || !ID.test(id)) throw error;
  throw new ApiError({ status: 404, message: "This access token was deleted. The audit log has what it did." });
});

/** @param {Context} context */
async function render(context) {
  const { session, params, signal } = context;
  const token = await read(context);
  // Another's stands below that user's page, whatever the address says.
  if (token.username !== (params.name ?? session.username)) return void context.go(oneHref(token, session), { replace: true });
  return details(context, token, ofUser(token.username, session), await parentsOf(token, token.username, signal));
}

/** @type {Page} */
export const one = { title: "Access token", render };
