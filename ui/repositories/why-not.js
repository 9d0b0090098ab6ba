// Owns the question "May alice push carol/tool?": asked with suggestions, answered in words, with the links to where it can be
// changed. The question stands in the address.
//
// Exports
//   whyNot(context, { repository, user, deeds })     the section; what is given is not asked. ?who, may, on. deeds are
//                                      give(user) and change(holder) of access-table.js, where that stands on the same page
//   obstacle(check, cut), remedy(check, cut, may)    for their tests: what stands against it, in a sentence; what can be done

import { get, inBatches } from "../lib/api.js";
import { repositories, suggestField, users } from "../lib/complete.js";
import { button, h, path } from "../lib/dom.js";
import { beside, field, form } from "../lib/form.js";
import { levelName } from "../lib/level.js";
import { isNarrowed } from "../lib/narrowed.js";
import { fullName, pageHref } from "../lib/names.js";
import { roleIn } from "../organizations/organization.js";
import { called } from "./access-grants.js";
import { changeHref, sourceLine } from "./why.js";

/** @typedef {import("./why.js").May} May */
/** @typedef {import("./why.js").Source} Source */
/** @typedef {{ may: May, give(user: string): Promise<unknown>, change(holder: Holder): Promise<unknown> }} Asked */

const CHECK = "/api/v0/access/check";
const WRONG = { NO_SUCH_USER: "user", NO_SUCH_ACCOUNT: "user", NO_SUCH_ROBOT: "user", NO_SUCH_REPOSITORY: "repository", NOT_AUTHORIZED: "repository" };

const ACTIONS = [["pull", "pull from"], ["push", "push to"], ["delete", "delete tags of"]];
/** @param {string} action */
const verb = (action) => ACTIONS.find(([known]) => known === action)?.[1] ?? action;

/** What each action takes at least. @type {Record<string, string>} */
const NEEDS = { pull: "read-only", push: "read-write", delete: "read-write" };

/** The names that the API gave back: `_/NAME` has no namespace. @param {string} text @returns {RepositoryName} */
function named(text) {
  const [namespace, ...rest] = text.split("/");
  return rest.length ? { namespace, name: rest.join("/") } : { namespace: "_", name: namespace };
}

/** @param {string} text */
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/**
 * A sentence for each cut. What the API says better, with a level or a limit in it, is taken from there.
 * @type {Record<Api.AccessCut["cut"], (check: Api.AccessCheck, text: string) => string>}
 */
const CUTS = {
  hidden: ({ user }) => `The repository is not there, or ${user} has no access to it. Which of the two is not told.`,
  accountInactive: ({ user }) => (user.includes("/") ? "The organization is inactive." : `The account ${user} is inactive.`),
  tokenState: (_, text) => `The credential is not accepted: ${text}.`,
  noAccess: ({ user }) => `${user} owns nothing there and was given no access.`,
  level: ({ action, accessLevel }) => `The access is too low: ${levelName(accessLevel ?? "").toLowerCase() || "none"}, and ${action} takes ${levelName(NEEDS[action]).toLowerCase()}.`,
  pattern: ({ user }) => `${user} is limited to other repositories.`,
  cap: ({ user, action }) => `The access level of ${user} is too low: ${action} takes more.`,
  replacedSecret: () => "The secret was replaced by a rotation, and a replaced one deletes nothing.",
  notThere: ({ user }) => `There is no such repository, and ${user} may not create it.`,
  deleted: () => "It was deleted, and the registry may still hold its content.",
  noNamespace: () => "There is no such repository, and a push creates none without a namespace.",
  createOnPushOff: () => "There is no such repository, and pushes create none here.",
  notMade: (_, text) => sentence(text),
};

/** @param {Api.AccessCheck} check @param {Api.AccessCut} cut */
export const obstacle = (check, { cut, text }) => CUTS[cut]?.(check, text) ?? sentence(text);

/**
 * What can be done about it: a link, or "give" where that stands on this page; nothing where this person cannot, or nobody.
 * @param {Api.AccessCheck} check @param {Api.AccessCut["cut"]} cut @param {May} may @returns {[label: string, href: string | "give"] | null}
 */
export function remedy(check, cut, { isAdmin, manages, isHere }) {
  const [organization, robot] = check.user.split("/");
  // A robot is given nothing: it reaches what its organization owns.
  if ((cut === "noAccess" || cut === "level") && check.repositoryExists && !robot) {
    return [cut === "level" ? "Change the access" : "Give access", isHere ? "give" : `${pageHref(named(check.repository))}?tab=access`];
  }
  if (cut === "accountInactive") return isAdmin && !robot ? ["Activate the account", path`/people/${check.user}`] : null;
  if (["tokenState", "pattern", "cap", "replacedSecret"].includes(cut)) {
    return robot && manages(organization) ? ["Change the robot", path`/organizations/${organization}/robots/${robot}`] : null;
  }
  return cut === "createOnPushOff" && isAdmin ? ["Settings", "/settings"] : null;
}

/** @param {Api.AccessCheck} check @param {Asked} asked */
function against(check, { may, give }) {
  return check.cuts.map((it) => {
    const [label, href] = remedy(check, it.cut, may) ?? [];
    const way = href === "give" ? button(label, { kind: "plain", onclick: () => give(check.user) }) : href && h("a", { href }, label);
    return h("li", obstacle(check, it), way && [" ", way]);
  });
}

/** What can be changed on this page. @param {Source & { accessLevel: Api.AccessLevel }} source @returns {Holder | null} */
function holderOf({ reason, subject, team, accessLevel }) {
  if (reason === "repositoryGrant" && subject) return { kind: "user", name: subject, level: accessLevel };
  return reason === "teamRepositoryGrant" && team ? { kind: "team", name: team, level: accessLevel } : null;
}

/** @param {Api.AccessCheck} check @param {Asked} asked */
function sources(check, { may, change }) {
  if (check.sources.length === 0) return null;
  const repository = named(check.repository);
  // What a robot reaches is its organization's.
  const [owner] = check.user.split("/");
  const lines = check.sources.map((source) => {
    const given = { ...source, subject: owner };
    const href = changeHref(repository, given, may);
    const holder = may.isHere ? holderOf(given) : null;
    const label = holder && `Change the access of ${called(holder)}`;
    const way = holder ? button("Change", { kind: "plain", "aria-label": label, onclick: () => change(holder) }) : href && h("a", { href }, "Change");
    return h("li", sourceLine(repository, given), way && [" · ", way]);
  });
  return [h("h3", `What gives ${owner} access`), h("ul", lines)];
}

/** @param {Api.AccessCheck} check */
function yesOrNo({ allowed, user, action, repository, accessLevel }) {
  const with_ = allowed && accessLevel ? `, with ${levelName(accessLevel).toLowerCase()} access` : "";
  return `${allowed ? "Yes" : "No"}: ${user} may ${allowed ? "" : "not "}${verb(action)} ${fullName(named(repository))}${with_}.`;
}

/** @param {Api.AccessCheck} check @param {Asked} asked */
function answer(check, asked) {
  const { allowed, action, allowedAnonymously, makesRepository, repositoryExists } = check;
  return [
    h("p", h("strong", yesOrNo(check))),
    check.cuts.length > 0 && h("ul", against(check, asked)),
    makesRepository && h("p", "There is no such repository: the push creates it."),
    allowed && repositoryExists === false && !makesRepository && h("p", "There is no such repository yet."),
    allowedAnonymously && !allowed && h("p", `Everybody may ${verb(action)} it without signing in.`),
    sources(check, asked),
  ];
}

/**
 * What this person may change of what the answer names.
 * @param {Context} context @param {Api.AccessCheck} check @param {boolean} isHere @param {AbortSignal} signal @returns {Promise<May>}
 */
async function readMay({ session }, check, isHere, signal) {
  const { isAdmin, username } = session;
  const [owner, robot] = check.user.split("/");
  const { namespace } = named(check.repository);
  // What is told of an organization is asked for only where it could matter.
  const wide = check.sources.filter(({ reason }) => reason === "namespaceGrant" || reason === "teamNamespaceGrant").map(() => namespace);
  const administered = check.sources.flatMap(({ organization, reason }) => (reason === "organizationAdmin" && organization ? [organization] : []));
  const names = new Set([...(robot ? [owner] : []), ...wide, ...administered].filter((it) => it !== username && it !== "_"));
  const roles = await inBatches([...names], async (name) => /** @type {[string, boolean]} */ ([name, (await roleIn({ session, signal }, name)).mayManage]));
  const managed = new Map(roles);
  /** @param {string} account */
  const manages = (account) => !isNarrowed(session) && (isAdmin || account === username || managed.get(account) === true);
  return { isAdmin, isHere, manages };
}

/** @param {Context} context @param {{ repository?: Api.Repository, user?: string }} options */
function fieldsFor({ query }, { repository, user }) {
  const who = suggestField({
    name: "user", label: "User or robot", value: query.get("who") ?? "", suggest: users, required: true, autocapitalize: "off", placeholder: "alice",
  });
  const action = field({ name: "action", label: "May", type: "select", options: ACTIONS, value: query.get("may") ?? "push" });
  const on = suggestField({
    name: "repository", label: "Repository", value: query.get("on") ?? "", suggest: repositories, required: true, autocapitalize: "off", placeholder: "alice/app",
  });
  return [user ? null : who, action, repository ? null : on].filter((it) => it !== null);
}

/**
 * @param {Context} context
 * @param {{ repository?: Api.Repository, user?: string, deeds?: { give(user: string): Promise<boolean>, change(holder: Holder): Promise<boolean> } }} options
 */
export function whyNot(context, { repository, user, deeds }) {
  const told = h("div.stack.tight", { role: "status" });
  let asking = new AbortController();
  const fields = fieldsFor(context, { repository, user });
  /** @param {{ user?: string, action: string, repository?: string }} values */
  const asked = (values) => ({
    user: user ?? values.user?.trim(),
    action: values.action,
    repository: repository ? `${repository.namespace}/${repository.name}` : values.repository?.trim(),
  });
  /** @param {any} values */
  const ask = async (values) => {
    asking.abort();
    asking = new AbortController();
    const signal = AbortSignal.any([context.signal, asking.signal]);
    told.replaceChildren();
    context.setQuery({ who: user ? null : values.user.trim(), may: values.action, on: repository ? null : values.repository.trim() });
    /** @type {Api.AccessCheck} */
    const check = await get(CHECK, { query: asked(values), signal }).catch(beside(WRONG));
    const may = await readMay(context, check, deeds !== undefined, signal);
    /** What is changed on this page is asked about anew. @param {Promise<boolean> | undefined} deed */
    const again = async (deed) => {
      if (!(await deed) || context.signal.aborted) return;
      // The button that opened the dialog goes with the answer.
      /** @type {HTMLElement | null} */ (made.node.querySelector("[type=submit]"))?.focus();
      onsubmit(made.values());
    };
    const offered = { may, give: (/** @type {string} */ name) => again(deeds?.give(name)), change: (/** @type {Holder} */ holder) => again(deeds?.change(holder)) };
    if (!signal.aborted) told.replaceChildren(...answer(check, offered).flat(2).filter((it) => it instanceof Node));
  };
  // Nobody waits for an answer that is only read: the next question ends it, and so does leaving.
  /** @param {any} values */
  const onsubmit = (values) => void ask(values).catch(made.fail);
  const made = form({ fields, submit: "Ask", kind: "", onsubmit, children: h("div.across", fields.map((it) => it.node)) });
  // An answer to the question before would stand below another one.
  made.node.addEventListener("input", () => {
    asking.abort();
    told.replaceChildren();
  });
  const isAsked = fields.every((it) => it.value) && context.query.has("may");
  if (isAsked) onsubmit(made.values());
  const what = repository ? "Ask whether somebody may pull, push or delete tags here, and why." : `Ask whether ${user ?? "somebody"} may pull, push or delete tags, and why.`;
  return h("section.why-not", h("h2", "Why can’t I?"), h("div.stack.tight", h("p.quiet", what), h("div.wide", made.node), told));
}
