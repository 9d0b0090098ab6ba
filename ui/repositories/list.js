// Owns the list of repositories: all that one sees, or those of one namespace. The server searches, sorts and pages.
//
// Exports
//   repositoryList(context, { namespace, tools, empty })     → { node, rows() }; without namespace, all
//   visibility(repository)                                   its badge

import { list as readPage } from "../lib/api.js";
import { badge, h, path } from "../lib/dom.js";
import { levelName } from "../lib/level.js";
import { list, orderOf } from "../lib/list.js";
import { fullName, pageHref } from "../lib/names.js";
import { when } from "../lib/time.js";
import { figure } from "../lib/words.js";

const SIZE = 25;

/** @param {Api.Repository} repository */
export const visibility = (repository) => badge(repository.visibility);

/** @param {Api.Repository} repository @param {string | null} namespace */
function nameCell(repository, namespace) {
  const { name, namespace: own, shortDescription, missingSince } = repository;
  const shown = namespace || own === "_" ? name : [h("span.within", `${own}/`), name];
  return [
    shown,
    shortDescription && h("small", shortDescription),
    missingSince && h("small", badge("gone from the registry", "bad"), " ", when(missingSince)),
  ];
}

/** @param {string | null} namespace @returns {Column<Api.Repository>[]} */
const columns = (namespace) => [
  { label: "Name", sort: "name", isName: true, cell: (it) => nameCell(it, namespace) },
  { label: "Your access", cell: (it) => levelName(it.accessLevel) },
  { label: "Visibility", cell: visibility },
  { label: "Pulls", isEnd: true, cell: (it) => figure(it.pulls) },
  { label: "Pushes", isEnd: true, cell: (it) => figure(it.pushes) },
  { label: "Last push", cell: (it) => when(it.lastPush, { never: "none seen" }) },
];

/** @param {Context} context @param {{ namespace?: string | null, tools?: Child, empty: Node | (() => Node) }} options */
export async function repositoryList(context, { namespace = null, tools = [], empty }) {
  const api = namespace === null ? "/api/v0/repositories" : path`/api/v0/repositories/${namespace}`;
  // Counting costs what is visible: once for each search, not for each page.
  const counts = new Map();
  /** @param {Parameters<NonNullable<ListOptions<Api.Repository>["page"]>>[0]} wanted */
  const read = async ({ q, sort, start, size, signal }) => {
    const query = { q: q.toLowerCase(), order: orderOf(sort), pageStart: start, pageSize: size };
    /** @type {{ body: Api.Repositories, next: string | null, count: number | null }} */
    const { body, next, count } = await readPage(api, { query: { ...query, count: counts.has(q) ? null : true }, signal });
    if (count !== null) counts.set(q, count);
    return { rows: body.repositories, next, count: counts.get(q) };
  };
  return list({
    context,
    name: ["repository", "repositories"],
    search: "Search repositories",
    sort: "name",
    size: SIZE,
    isBrief: true,
    columns: columns(namespace),
    href: pageHref,
    id: fullName,
    tools,
    empty,
    page: read,
  });
}
