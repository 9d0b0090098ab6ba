// Owns the pages below /repositories: all repositories, those of a namespace, one repository.
//
// Exports
//   list, namespace, one      the pages

import { get } from "../lib/api.js";
import { breakable, button, h, head, linkButton, path, tabTitle, tabsOf } from "../lib/dom.js";
import { whole } from "../lib/growing.js";
import { levelName, mayAdminister, mayPush } from "../lib/level.js";
import { apiPath, fullName, namespaceHref, namespaceName, pageHref } from "../lib/names.js";
import { isNarrowed } from "../lib/narrowed.js";
import { when } from "../lib/time.js";
import { plural } from "../lib/words.js";
import { connect } from "../tokens/connect.js";
import { namespaceAccess } from "./access-namespace.js";
import { repositoryAccess } from "./access-repository.js";
import { repositoryActivity } from "./activity.js";
import { repositoryList, visibility } from "./list.js";
import { namespaceField } from "./namespace.js";
import { newRepository } from "./new.js";
import { repositorySettings } from "./settings.js";
import { newestTag, tagHref, tagList } from "./tags.js";

/** A narrowed session makes no repositories: it has no account data. @param {{ session: Api.Session }} context */
const isWhole = ({ session }) => !isNarrowed(session);

/** @param {Context} context @param {string} [namespace] */
const newButton = (context, namespace) =>
  button("New repository", { kind: "primary", onclick: () => newRepository(context, namespace) });

// --- all of them ---

/** @param {Context} context */
function emptyList(context) {
  return h("div.empty",
    h("p", "A repository holds the images of one name. Push an image and its repository appears here, or create it first to set its description and who has access."),
    isWhole(context) && newButton(context));
}

/** @param {Context} context */
async function renderList(context) {
  const { node } = await repositoryList(context, { tools: [namespaceField(context)], empty: () => emptyList(context) });
  return [...head("Repositories", { actions: isWhole(context) ? [newButton(context)] : [] }), node];
}

/** @type {Page} */
export const list = { title: "Repositories", render: renderList };

// --- those of a namespace ---

/**
 * The account that has the namespace; null where there is none, or where a narrowed session does not see it.
 * @param {Context} context @param {string} namespace @param {Api.Repository[]} rows @returns {Promise<Api.Account | null>}
 */
async function ownerOf(context, namespace, rows) {
  // The list may tell already that it is no organization.
  if (namespace === "_" || !isWhole(context) || (rows.length > 0 && rows[0].namespaceType !== "organization")) return null;
  return get(path`/enzi/v0/accounts/${namespace}`, { signal: context.signal }).catch((error) => {
    if (error.status !== 403 && error.status !== 404) throw error;
    return null;
  });
}

/**
 * Whether to offer the actions of those who administer all of the namespace.
 * @param {Context} context @param {string} namespace @param {Api.Repository[]} rows
 */
function mayManage({ session }, namespace, rows) {
  return isWhole({ session }) && (session.isAdmin || namespace === session.username || (rows.length > 0 && rows.every((it) => mayAdminister(it.accessLevel))));
}

/**
 * Whether to offer to make a repository: one without namespace is made by system administrators alone.
 * @param {Context} context @param {string} namespace @param {Api.Repository[]} rows
 */
const mayMake = (context, namespace, rows) =>
  mayManage(context, namespace, rows) && (namespace !== "_" || context.session.isAdmin);

/** @param {Context} context @param {string} name */
function emptyNamespace(context, name) {
  const isMine = mayMake(context, name, []);
  const others = name === "_" ? "You see no repository without namespace." : `You see no repository in ${name}. Its administrators can give you access.`;
  const own = name === "_"
    ? "No repository is without namespace. A push makes none: create it first, then give access to it."
    : `Nothing is in ${name} yet. Push an image as ${name}/NAME, or create the repository first.`;
  return h("div.empty",
    h("p", isMine ? own : others),
    isMine ? newButton(context, name) : linkButton("All repositories", "/repositories"));
}

/** @type {[label: string, key: string | null][]} */
const NAMESPACE_TABS = [["Repositories", null], ["Access", "access"]];

/**
 * @param {Context} context @param {Api.Account | null} owner @param {{ isOurs: boolean, actions: Child }} options
 */
function namespaceHead({ params: { namespace: name }, query }, owner, { isOurs, actions }) {
  const here = namespaceHref(name);
  const { tabs } = tabsOf(query, here, NAMESPACE_TABS);
  return head(name === "_" ? "Repositories without namespace" : name, {
    lead: owner?.fullName,
    crumbs: [["Repositories", "/repositories"]],
    tabs: isOurs ? tabs : [],
    actions: [actions, owner?.isOrg && linkButton("Organization", path`/organizations/${name}`)],
  });
}

/** @param {Context} context @param {string} name */
async function renderNamespaceAccess(context, name) {
  const owner = await ownerOf(context, name, []);
  const { node, give } = await namespaceAccess(context, name, owner);
  const actions = give && button("Give access", { kind: "primary", onclick: give });
  return [...namespaceHead(context, owner, { isOurs: true, actions }), node];
}

/** @param {Context} context */
async function renderNamespace(context) {
  const name = context.params.namespace;
  if (context.query.get("tab") === "access") return renderNamespaceAccess(context, name);
  const { node, rows } = await repositoryList(context, { namespace: name, tools: [namespaceField(context, name)], empty: () => emptyNamespace(context, name) });
  const owner = await ownerOf(context, name, rows());
  const isOurs = mayManage(context, name, rows());
  return [...namespaceHead(context, owner, { isOurs, actions: mayMake(context, name, rows()) && newButton(context, name) }), node];
}

/** An organization of the same name has a page, too. @param {Context} context */
const namespaceTitle = ({ params: { namespace: name }, query }) =>
  tabTitle(query, NAMESPACE_TABS, name === "_" ? "Repositories without namespace" : `Repositories in ${name}`);

/** @type {Page} */
export const namespace = { title: namespaceTitle, render: renderNamespace };

// --- one ---

/** @type {[label: string, key: string | null][]} */
const TABS = [["Overview", null], ["Tags", "tags"], ["Access", "access"], ["Settings", "settings"]];

/** @param {Api.Repository} repository */
function stateLine(repository) {
  return h("p.state",
    visibility(repository),
    h("span", `${levelName(repository.accessLevel)} access`),
    h("span", `${plural(repository.pulls, "pull")} and ${plural(repository.pushes, "push", "pushes")} in all`));
}

/** @param {Api.Repository} repository */
function gone(repository) {
  if (!repository.missingSince) return null;
  const way = mayAdminister(repository.accessLevel) ? "Push again, or delete the repository." : "Anyone who may push can bring it back.";
  return h("p.banner.bad", "The registry lost all of its tags ", when(repository.missingSince), `. ${way}`);
}

/** @param {Api.Repository} repository @param {{ tag: Api.Tag | null, count: number }} known */
function tagLine(repository, { tag, count }) {
  if (!tag && repository.missingSince) return null;
  if (!tag) return h("p", mayPush(repository.accessLevel) ? "No images yet. Push the first one as shown below." : "No images yet.");
  return h("p",
    h("a", { href: `${pageHref(repository)}?tab=tags` }, plural(count, "tag")), ", among them ",
    h("a", { href: tagHref(repository, tag.name) }, h("code", tag.name)), ", seen ", when(tag.updatedAt));
}

/** @param {Context} context @param {Api.Repository} repository */
async function overview(context, repository) {
  const { signal } = context;
  const known = await newestTag(repository, signal);
  const [mayPull, isPusher] = [known.tag !== null, mayPush(repository.accessLevel)];
  // Without pull and push, no sign-in is needed either.
  const lines = (mayPull || isPusher) && connect(context, {
    repository: fullName(repository), tag: known.tag?.name, mayPull, mayPush: isPusher, username: context.session.username,
  });
  return [
    gone(repository),
    h("section", h("div.stack.tight", stateLine(repository), tagLine(repository, known))),
    h("section", h("h2", "Activity"), whole(context, async (left) => repositoryActivity(repository, (await get(`${apiPath(repository)}/activity`, { signal: left })).days))),
    repository.longDescription && h("section", h("h2", "Description"), h("pre.written", { tabindex: "0" }, repository.longDescription)),
    lines && h("section", h("h2", "Connect"), lines),
  ];
}

/**
 * What a tab shows: { nodes, actions }.
 * @param {Context} context @param {Api.Repository} repository @param {string | null} tab
 * @returns {Promise<{ nodes: Child[], actions?: Child }>}
 */
async function content(context, repository, tab) {
  if (tab === "tags") return { nodes: [gone(repository), await tagList(context, repository)] };
  if (tab === "access") {
    const { node, give } = await repositoryAccess(context, repository);
    return { nodes: [node], actions: [button("Give access", { kind: "primary", onclick: give })] };
  }
  if (tab === "settings") return { nodes: repositorySettings(context, repository) };
  return { nodes: await overview(context, repository) };
}

/** @param {Context} context */
async function renderOne(context) {
  /** @type {Api.Repository} */
  const repository = await get(apiPath({ namespace: context.params.namespace, name: context.params.reponame }), { signal: context.signal });
  const rows = mayAdminister(repository.accessLevel) ? TABS : TABS.slice(0, 2);
  const { present: [, tab], tabs } = tabsOf(context.query, pageHref(repository), rows);
  const { nodes, actions = [] } = await content(context, repository, tab);
  const frame = head(breakable(fullName(repository), "/"), {
    lead: repository.shortDescription,
    crumbs: [["Repositories", "/repositories"], [namespaceName(repository.namespace), namespaceHref(repository.namespace)]],
    tabs,
    actions,
  });
  return [...frame, ...nodes];
}

/** @type {Page} */
export const one = {
  title: ({ params, query }) => tabTitle(query, TABS, fullName({ namespace: params.namespace, name: params.reponame })),
  render: renderOne,
};
