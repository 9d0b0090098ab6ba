// Owns the tab with the repositories that a user owns.
//
// Exports
//   repositoriesTab(context, account)     its nodes

import { list as read } from "../lib/api.js";
import { badge, h, linkButton, path } from "../lib/dom.js";
import { list, orderOf } from "../lib/list.js";
import { when } from "../lib/time.js";
import { figure } from "../lib/words.js";

/** @type {Column<Api.Repository>[]} */
const COLUMNS = [
  { label: "Name", sort: "name", isName: true, cell: (it) => [`${it.namespace}/${it.name}`, it.shortDescription && h("small", it.shortDescription)] },
  { label: "Visibility", cell: (it) => badge(it.visibility, it.visibility === "public" ? "good" : "") },
  { label: "Last push", cell: (it) => when(it.lastPush, { never: "none" }) },
  { label: "Pulls", isEnd: true, cell: (it) => figure(it.pulls) },
];

/** @param {Context} context @param {WholeAccount} account */
export async function repositoriesTab(context, account) {
  const made = await list({
    context,
    name: ["repository", "repositories"],
    search: "Search repositories",
    sort: "name",
    isBrief: true,
    columns: COLUMNS,
    href: (it) => path`/repositories/${it.namespace}/${it.name}`,
    empty: () => h("div.empty",
      h("p", `${account.name} owns no repositories. The first push to ${account.name}/… creates one.`),
      linkButton("Repositories", path`/repositories/${account.name}`)),
    page: async ({ q, sort, start, size, signal }) => {
      const query = { q, order: orderOf(sort), pageStart: start, pageSize: size, count: true };
      /** @type {{ body: Api.Repositories, next: string | null, count: number | null }} */
      const { body, next, count } = await read(path`/api/v0/repositories/${account.name}`, { query, signal });
      return { rows: body.repositories, next, count };
    },
  });
  return [made.node];
}
