// Owns the tab with the repositories that a user owns.
//
// Exports
//   repositoriesTab(context, account)     its nodes

import { list as read } from "./api.js";
import { badge, h, linkButton, path } from "./dom.js";
import { list } from "./list.js";
import { when } from "./time.js";

const COLUMNS = [
  { label: "Name", sort: "name", isName: true, cell: (it) => [`${it.namespace}/${it.name}`, it.shortDescription && h("small", it.shortDescription)] },
  { label: "Visibility", cell: (it) => badge(it.visibility, it.visibility === "public" ? "good" : "") },
  { label: "Last push", cell: (it) => when(it.lastPush, { never: "none seen" }) },
  { label: "Pulls", isEnd: true, cell: (it) => it.pulls.toLocaleString("en") },
];

export async function repositoriesTab(context, account) {
  const made = await list({
    context,
    name: ["repository", "repositories"],
    search: "Search repositories",
    sort: "name",
    columns: COLUMNS,
    href: (it) => path`/repositories/${it.namespace}/${it.name}`,
    empty: () => h("div.empty",
      h("p", `${account.name} owns no repositories. The first push below ${account.name}/ makes one, or it is made beforehand.`),
      linkButton("Repositories", path`/repositories/${account.name}`)),
    page: async ({ q, sort, start, size, signal }) => {
      const query = { q, order: sort.startsWith("-") ? "desc" : "asc", pageStart: start, pageSize: size, count: true };
      const { body, next, count } = await read(path`/api/v0/repositories/${account.name}`, { query, signal });
      return { rows: body.repositories, next, count };
    },
  });
  return [made.node];
}
