// Owns the section that says what an access token or a robot reaches: each repository with its level, and why.
//
// Exports
//   reached(context, path)     the section, which draws itself; path is the API's path of the token or robot (or of an account
//                              or a team), without /access

import { list as readPage } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { fewOrPages } from "../lib/few.js";
import { whole } from "../lib/growing.js";
import { levelName, rank } from "../lib/level.js";
import { LEVEL, list } from "../lib/list.js";
import { fullName, pageHref } from "../lib/names.js";
import { sourceLine } from "../repositories/why.js";

/** Whether the limits of the token leave less than its owner has. @param {Api.ReachedRepository} it */
const isLess = ({ accessLevel, sources }) => sources.some((source) => rank(source.accessLevel) > rank(accessLevel));

/** @type {Column<Api.ReachedRepository>[]} */
const COLUMNS = [
  { label: "Repository", sort: "repository", isName: true, by: (it) => fullName(it.repository), cell: (it) => fullName(it.repository) },
  { label: "Access", sort: "access", ways: LEVEL, by: (it) => rank(it.accessLevel), cell: (it) => [levelName(it.accessLevel), isLess(it) && h("small", "by its limits")] },
  { label: "Why", cell: (it) => it.sources.map((source) => h("small", sourceLine(it.repository, source))) },
];

/** @param {Context} context @param {string} path */
export function reached(context, path) {
  const node = whole(context, async (signal) => {
    let unusable = "";
    /** @type {Parameters<typeof fewOrPages<Api.ReachedRepository>>[0]} */
    const read = async (wanted) => {
      /** @type {{ body: Api.ReachedRepositories, next: string | null }} */
      const { body, next } = await readPage(`${path}/access`, { query: { pageStart: wanted.start, pageSize: wanted.size }, signal: wanted.signal });
      unusable = body.unusable ?? "";
      return { rows: body.repositories, next };
    };
    const made = await list({
      context,
      name: ["repository", "repositories"],
      href: (it) => pageHref(it.repository),
      empty: () => h("p.quiet", "No repository."),
      size: 10,
      ...(await fewOrPages(read, signal, {
        columns: COLUMNS, search: "Search repositories", sort: "repository", matches: (it) => `${fullName(it.repository)} ${levelName(it.accessLevel)}`,
      })),
    });
    return [unusable && h("p.quiet", `None of it works at present: ${unusable}.`), made.node];
  });
  return h("section", h("h2", "What it reaches"), node);
}
