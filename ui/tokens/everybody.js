// Owns the list of everybody's access tokens and robots, for administrators. The server filters, sorts and pages.
//
// Exports
//   everybodysTokens(context)     → { node, reload() }
//   anyHref(token, session)       the details of an access token, or the page of the robot that it is

import { get, isAbort, isGone, list as readPage, readAll } from "../lib/api.js";
import { leadingField, users } from "../lib/complete.js";
import { button, h, path } from "../lib/dom.js";
import { list } from "../lib/list.js";
import { deleteExpired } from "./dialogs.js";
import { asked, countEnding, FILTERS, tally } from "./filters.js";
import { accessColumn, bulk, createdColumn, detailsColumn, endColumn, nameColumn, stateColumn, usedColumn } from "./list.js";
import { oneHref, TOKENS } from "./token.js";

/** The orders of the list: what the API calls them. @type {Record<string, string>} */
const ORDERS = { ends: "end", "-created": "newest" };
/** A page of the server may have fewer than asked for, if it filters by what has no index: so many are read for one of ours. */
const MOST_READ = 20;

/** @param {Api.ApiToken} token @param {Api.Session} session */
export const anyHref = (token, session) => (token.robot ? path`/organizations/${token.username}/robots/${token.robot}` : oneHref(token, session));

/** @type {Column<Api.ApiToken>} */
const ownerColumn = {
  label: "Owner", kind: "owner",
  cell: (it) => h("a.cut", { href: it.robot ? path`/organizations/${it.username}` : path`/people/${it.username}` }, it.robot ? `${it.username}/${it.robot}` : it.username),
};

/** Filtered by the server, which has one direction of two orders. @param {Api.Session} session @returns {Column<Api.ApiToken>[]} */
const columns = (session) => [
  { ...nameColumn, sort: false }, ownerColumn, { ...stateColumn, sort: false }, { ...accessColumn(session), sort: false },
  { ...endColumn, isOneWay: true }, { ...usedColumn, sort: false }, { ...createdColumn, isOneWay: true },
  detailsColumn((it) => anyHref(it, session)),
];

/**
 * How many there are of each kind; of what ends soon, as many as its list has.
 * @param {RequestOptions["query"]} whose @param {AbortSignal} signal @returns {Promise<Tally>}
 */
async function countAll(whose, signal) {
  const [counts, ending] = await Promise.all([get(`${TOKENS}/counts`, { query: whose, signal }), countEnding(whose, signal)]);
  return { ...tally(counts), ending };
}

/** @param {RequestOptions["query"]} query @param {string | null} start @param {number} size @param {AbortSignal} signal */
async function readRows(query, start, size, signal) {
  /** @type {Api.ApiToken[]} */
  const rows = [];
  /** @type {string | null} */
  let next = start;
  for (let read = 0; read < MOST_READ && rows.length < size && (next || read === 0); read += 1) {
    /** @type {{ body: Api.ApiToken[], next: string | null }} */
    const found = await readPage(TOKENS, { query: { ...query, pageStart: next, pageSize: size - rows.length }, signal });
    rows.push(...found.body);
    next = found.next;
  }
  return { rows, next };
}

/** The field that shows the access tokens of one user alone. @param {Context} context @param {string} present */
const ownerField = (context, present) => leadingField({
  name: "owner", label: "Owner", placeholder: "All owners", value: present, suggest: users, autocapitalize: "off", lead: (asked) => {
    const query = new URLSearchParams(context.query);
    for (const old of ["owner", "page", "start"]) query.delete(old);
    if (asked) query.set("owner", asked);
    context.go(`${location.pathname}?${query}`);
  },
});

/** @param {Context} context */
export async function everybodysTokens(context) {
  const { session, query } = context;
  const username = query.get("owner") ?? "";
  const whose = username ? { username } : { everybody: true };
  // Counting looks at all there are: once, and not for each page.
  /** @type {Promise<Tally> | null} */
  let counted = null;
  /** @param {string | null} start */
  const counts = (start) => {
    if (start === null) counted = null;
    counted ??= countAll(whose, context.signal).catch((error) => {
      counted = null;
      throw error;
    });
    return counted;
  };
  const again = () => {
    counted = null;
    return made.reload();
  };
  const owner = ownerField(context, username);
  const trouble = h("p.error", { role: "alert" });
  const clean = button("Clean up", { onclick: () => deleteExpired(whose, context.signal).then((isDone) => (isDone ? again() : undefined), (error) => {
    if (!isAbort(error)) trouble.textContent = error.message;
  }) });
  const tools = [owner, clean, trouble];
  /** @param {{ show: string, sort: string }} shown */
  const wanted = ({ show, sort }) => ({ ...whose, sort: ORDERS[sort] ?? ORDERS["-created"], ...asked(show) });
  /** @type {ListMade} */
  const made = await list({
    context,
    name: ["access token"],
    filters: FILTERS.map(({ key, told }) => ({ key, told })),
    sort: "-created",
    columns: columns(session),
    isCompact: true,
    href: (it) => anyHref(it, session),
    id: (it) => it.id,
    tools,
    empty: () => h("div.empty", username && owner, h("p", username ? `${username} has no access tokens.` : "Nobody has an access token yet.")),
    matching: ({ show, sort, most, signal, progress }) => readAll(TOKENS, { query: wanted({ show, sort }), most, signal, progress }),
    page: async ({ show, sort, start, size, signal }) => {
      const found = await Promise.all([readRows(wanted({ show, sort }), start, size, signal), counts(start)]).catch((error) => {
        // There is no such user, who has none then.
        if (!username || !isGone(error)) throw error;
        return null;
      });
      if (found === null) return { rows: [], next: null, tally: { all: 0 }, count: 0 };
      const [{ rows, next }, all] = found;
      return { rows, next, tally: all, count: all[show || "all"] ?? all.all };
    },
    actions: bulk(again),
  });
  return made;
}
