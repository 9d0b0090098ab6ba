// Owns lists: a table with search, filters, sort, pages and selection, which becomes cards where the list is narrow. Search,
// filter, sort and page stand in the address, so that Back, reload and a bookmark find them again.
//
// Exports
//   list({ ... })     async, settles once the first rows are there → { node, reload(), rows() }
//     context         the page's (app.js)
//     name            what it lists, as ["access token"] or ["person", "people"]: for counts and screen readers
//     columns         those of table.js, with sort: the name of the order in the address; `isDown` sorts from the largest at
//                     first, `isOneWay` in that direction only; `ways` says what comes first either way, from the smallest and
//                     from the largest, if that is neither "A–Z" of a name nor "fewest first" of a figure; cell(row, reload) may
//                     change what is listed
//     orders          further orders without a column: [{ sort, label, by }]
//     href(row)       where a row leads; none: rows do not open
//     id(row)         what tells rows apart; needed for `actions`
//     empty           a node or () => node: what this is for and the one thing to do, if there is nothing at all
//     search          the label of the search field; none: no search
//     filters         [{ key, told(count), has(row) }]: a line of counts above the table, whose parts are links that show only
//                     these rows: told(9) is "9 expired"; ?show= has the key. Parts that count 0 are left out
//     sort            the order at first, as "name", or "-created" for descending
//     size            rows of a page, 25
//     tools           nodes beside the search field, such as a filter; call reload() when they change
//     isCompact       rows of one line: what is too long is cut
//     isBrief         cards of two lines, without the labels of what explains itself
//     actions(rows, clear)   buttons for the selected rows; makes the check boxes
//   and one of two sources:
//     all({ signal, progress })    reads everything (api.js readAll); search, filters, sort and pages happen here.
//                                  matches(row) gives the text that is searched; a column's `by(row)` what it is sorted by
//     page({ q, show, sort, start, size, signal }) → { rows, next, count, tally }
//                                  the server searches, filters, sorts and pages; a column's sort has no `by` and a filter no
//                                  `has` then; tally is { all, [key of a filter]: count }
//     matching({ q, show, sort, most, signal, progress }) → rows
//                                  of the server's, all that is found, at most so many, so that all of it can be selected; what comes
//                                  later is not. Without it one selects what a page shows
//   TEXT, DATE, LEVEL       `ways` of columns
//   readState, localSource, waysOf     for their tests: the state that an address has, the source that `all` makes, and the
//                     ways to sort by a column with their words
//   orderOf(sort)     "desc" or "asc", as the API has them, of a sort of the address

import { isAbort } from "./api.js";
import { button, h, troubleNode } from "./dom.js";
import { focusHeading, remember } from "./focus.js";
import { makeTable } from "./table.js";
import { figure, plural } from "./words.js";

const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
const LATE = 250;
/** So many of what a server finds are selected at once. */
const MOST = 1_000;

/** What comes first, from the smallest and from the largest. @type {[string, string]} */
export const TEXT = ["A–Z", "Z–A"];
/** @type {[string, string]} */
const FIGURE = ["fewest first", "most first"];
/** @type {[string, string]} */
export const DATE = ["oldest first", "newest first"];
/** @type {[string, string]} */
export const LEVEL = ["lowest first", "highest first"];

/** What the address says of the list. @param {URLSearchParams} query @param {string} [first] @returns {ListState} */
export function readState(query, first) {
  return {
    q: query.get("q") ?? "",
    show: query.get("show") ?? "",
    sort: query.get("sort") ?? first ?? "",
    page: Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1),
    start: query.get("start"),
  };
}

/**
 * Everything is here: search, filter, sort and cut a page out.
 * @param {{ all: NonNullable<ListOptions<any>["all"]>, matches?: (row: any) => string, columns: Column<any>[], size: number, orders?: ListOrder<any>[], filters?: ListFilter<any>[] }} options
 * @returns {ListSource}
 */
export function localSource({ all, matches = () => "", columns, size, orders = [], filters = [] }) {
  /** @type {any[]} */
  let rows = [];
  /** @param {ListFilter<any>} filter */
  const count = ({ key, has = () => true }) => [key, rows.filter(has).length];
  return {
    load: async (options) => (rows = await all(options)),
    isLocal: true,
    show({ q, show, sort, page }) {
      const words = q.toLowerCase().split(/\s+/).filter(Boolean);
      const { has = () => true } = filters.find(({ key }) => key === show) ?? {};
      const hits = rows.filter((row) => has(row) && words.every((word) => matches(row).toLowerCase().includes(word)));
      const { by } = [...orders, ...columns].find((it) => it.sort && it.sort === sort.replace(/^-/, "")) ?? {};
      if (by) {
        const way = sort.startsWith("-") ? -1 : 1;
        hits.sort((one, two) => way * compareValues(by(one), by(two)));
      }
      const last = Math.max(1, Math.ceil(hits.length / size));
      const present = Math.min(page, last);
      const tally = { all: rows.length, ...Object.fromEntries(filters.map(count)) };
      return { rows: hits.slice((present - 1) * size, present * size), hits, tally, count: hits.length, whole: rows.length, page: present, last };
    },
    rows: () => rows,
  };
}

/** @param {any} one @param {any} two */
const compareValues = (one, two) => (typeof one === "string" ? compare(one, String(two)) : Number(one) - Number(two));

/**
 * The server searches, sorts and pages.
 * @param {number} size @param {ListOptions<any>["page"]} [read] @returns {ListSource}
 */
function remoteSource(size, read = async () => ({ rows: [], next: null })) {
  /** @type {ListPage<any>} */
  let shown = { rows: [], next: null, count: null };
  return {
    load: async ({ signal, state }) => (shown = await read({ ...state, size, signal })),
    isLocal: false,
    show: () => ({ ...shown, whole: shown.tally?.all ?? shown.count ?? shown.rows.length }),
    rows: () => shown.rows,
  };
}

class List {
  /** @param {ListOptions<any>} options */
  constructor(options) {
    this.options = options;
    const { context, name, columns, sort, search, tools = [], size = 25, isCompact = false, isBrief = false } = options;
    this.source = options.all ? localSource({ ...options, all: options.all, size }) : remoteSource(size, options.page);
    this.state = readState(context.query, sort);
    /** @type {Set<string>} */
    this.picked = new Set();
    /** Whether all that was found was selected: what of it is on other pages stays so. */
    this.isWhole = false;
    /** What a server found when all of it was selected. @type {any[] | null} */
    this.found = null;
    /** @type {AbortController | null} */
    this.finding = null;
    /** The row that was selected last: where a range begins. */
    this.anchor = "";
    /** What is selected no longer, because it is out of sight. @type {Set<string>} */
    this.lost = new Set();
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {AbortController | null} */
    this.loading = null;
    this.late = 0;
    this.many = plural(2, ...name).slice(2);
    this.count = h("span.count", { role: "status" });
    this.counts = h("div.counts", { role: "group", "aria-label": `Filter ${this.many}`, hidden: true });
    this.chosen = h("div.row", { hidden: true });
    this.field = search ? searchField(search, this.state.q, () => this.searched()) : null;
    this.narrow = h("div.narrow");
    this.table = makeTable({ label: this.many, columns: columns.map((it) => this.tableColumn(it)), head: (it) => this.headOf(it) });
    this.pages = h("div.pages", { hidden: true });
    this.bar = h("div.tools", this.field, tools, this.count, this.narrow, this.chosen);
    this.body = h("div", this.table.node, this.pages);
    this.node = h(["div.list", isCompact && "compact", isBrief && "brief"].filter(Boolean).join("."), this.counts, this.bar, this.body);
    context.signal.addEventListener("abort", () => clearTimeout(this.late));
  }

  /** What tells rows apart: only rows that can be selected need it. @param {any} row */
  id(row) {
    return this.options.id?.(row) ?? "";
  }

  // --- drawing ---

  /** The name is the link to where a row leads. @param {Column<any>} column @returns {Column<any>} */
  tableColumn(column) {
    if (!column.isName || !this.options.href) return { ...column, cell: (row) => column.cell(row, () => this.reload()) };
    return { ...column, isBare: true, cell: (row) => nameLink(this.options.href?.(row), column.cell(row), this.options.isCompact) };
  }

  /** @param {Column<any>} column */
  headOf(column) {
    if (!column.sort) return {};
    const isPresent = this.state.sort.replace(/^-/, "") === column.sort;
    const way = this.state.sort.startsWith("-") ? "descending" : "ascending";
    return { sort: isPresent ? way : null, content: [h("button", { type: "button", onclick: () => this.sorted(column) }, column.label), headWord(column.label)] };
  }

  /** The counts, each a link to the rows that it counts; from the present ones it leads back to all. @param {Shown} shown */
  drawCounts({ tally = { all: 0 } }) {
    const { filters = [], name } = this.options;
    const { show } = this.state;
    const isKnown = filters.some(({ key }) => key === show);
    const parts = filters.filter(({ key }) => tally[key] > 0 || key === show).map(({ key, told }) => this.countLink(key, told(tally[key] ?? 0)));
    this.counts.hidden = filters.length === 0;
    this.counts.replaceChildren(...[this.countLink("", plural(tally.all, ...name), !isKnown), ...parts].flatMap((it, place) => (place ? [" · ", it] : [it])));
  }

  /** @param {string} key @param {string} text @param {boolean} [isPresent] */
  countLink(key, text, isPresent = key === this.state.show) {
    const show = isPresent ? "" : key;
    const query = new URLSearchParams(this.options.context.query);
    for (const old of ["show", "page", "start"]) query.delete(old);
    if (show) query.set("show", show);
    /** @param {MouseEvent} event */
    const onclick = (event) => {
      if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      this.change({ show, page: 1, start: null }, true);
    };
    return h("a", { href: `${location.pathname}${query.size ? "?" : ""}${query}`, "aria-current": isPresent ? "true" : null, onclick }, text);
  }

  /** @param {any[]} rows */
  drawPickAll(rows) {
    const ids = rows.map((row) => this.id(row));
    const onchange = () => {
      // Whoever takes the page back means no other page either.
      if (!box.checked) this.unpick();
      this.pick(ids, box.checked);
    };
    const box = h("input", { type: "checkbox", "aria-label": "Select all of this page", onchange });
    box.checked = ids.length > 0 && ids.every((id) => this.picked.has(id));
    box.indeterminate = !box.checked && ids.some((id) => this.picked.has(id));
    return h("label", box);
  }

  /** Where the table has no head to sort by, and to select all. @param {any[]} rows */
  drawNarrow(rows) {
    const { columns, orders = [], actions } = this.options;
    const choices = [...orders, ...columns].flatMap((it) => waysOf(it));
    // Without an order, as the server gives them.
    const isSorted = choices.some(([value]) => value === this.state.sort);
    const select = h("select", { "aria-label": "Sort", value: isSorted ? this.state.sort : "", onchange: () => this.change({ sort: select.value, page: 1, start: null }) },
      !isSorted && h("option", { value: "", disabled: true }, "Sort by…"), choices.map(([value, label]) => h("option", { value }, label)));
    this.narrow.hidden = rows.length === 0;
    this.narrow.replaceChildren(
      actions ? h("span.pick", this.drawPickAll(rows)) : "",
      choices.length > 1 ? h("span.sort", h("span.quiet", { "aria-hidden": "true" }, "Sort"), select) : "");
  }

  /** @param {any} row */
  drawRow(row) {
    const href = this.options.href?.(row);
    const isPicked = this.picked.has(this.id(row));
    return this.table.row({
      class: href ? "open" : null, "aria-selected": this.options.actions ? String(isPicked) : null,
      onclick: href ? (/** @type {MouseEvent} */ event) => this.opened(event, href) : null,
    }, row, this.options.actions && this.drawPick(row, isPicked));
  }

  /** @param {any} row @param {boolean} isPicked */
  drawPick(row, isPicked) {
    const id = this.id(row);
    /** @type {any[]} */
    const [name] = [this.options.columns.find((column) => column.isName)?.cell(row)].flat();
    const label = `Select ${typeof name === "string" ? name : name?.textContent ?? ""}`;
    /** @param {MouseEvent} event */
    const onclick = (event) => this.pick(event.shiftKey ? this.rangeTo(id) : [id], box.checked, id);
    const box = h("input", { type: "checkbox", "aria-label": label, onclick });
    box.checked = isPicked;
    return h("td.pick", { role: "cell" }, h("label", box));
  }

  /** @param {Shown} shown */
  drawPages({ page = 1, last = 1, next = null }) {
    const isFirst = this.source.isLocal ? page === 1 : !this.state.start;
    const isLast = this.source.isLocal ? page === last : !next;
    this.pages.hidden = isFirst && isLast;
    /** @type {(label: string, isOff: boolean, state: Partial<ListState>) => Node} */
    const to = (label, isOff, state) => button(label, { disabled: isOff, onclick: () => this.turned(state) });
    this.pages.replaceChildren(...(this.source.isLocal
      ? [to("Previous", isFirst, { page: page - 1 }), h("span.quiet", `Page ${page} of ${last}`), to("Next", isLast, { page: page + 1 })]
      : [to("First page", isFirst, { start: null }), to("Next", isLast, { start: next })]));
  }

  /** Draws what is there for the present state; the focus stays where it was, or as near as it can. */
  show() {
    const hadFocus = this.node.contains(document.activeElement);
    const again = remember(this.node);
    this.redraw();
    if (!hadFocus || this.node.contains(document.activeElement)) return;
    const found = again() ?? (this.field?.isConnected ? this.field : null);
    if (found) found.focus({ preventScroll: true });
    else focusHeading();
  }

  redraw() {
    this.shown = this.source.show(this.state);
    const { rows, whole, next } = this.shown;
    const { empty, actions } = this.options;
    if (empty && whole === 0 && !next && !this.state.q && !this.state.start && !this.state.show) {
      this.node.replaceChildren(typeof empty === "function" ? empty() : empty);
      return;
    }
    // Put in again, the search field would lose the focus while somebody types.
    if (this.body.parentNode !== this.node || this.node.children.length !== 3) this.node.replaceChildren(this.counts, this.bar, this.body);
    this.cutPicked(rows);
    this.drawCounts(this.shown);
    this.table.drawHead(actions && h("th.pick", { role: "columnheader" }, this.drawPickAll(rows), headWord("Selection")));
    this.table.body.replaceChildren(...rows.map((row) => this.drawRow(row)));
    this.table.node.hidden = rows.length === 0;
    this.drawNarrow(rows);
    this.count.textContent = this.told(this.shown);
    this.drawPages(this.shown);
    this.drawChosen(this.shown);
  }

  /** How many there are; the line of counts says that of all. @param {Shown} shown */
  told({ rows, count = null, whole, next }) {
    const { name, filters } = this.options;
    // A server that filters looks at so many at a time.
    if (rows.length === 0 && next) return "None so far: Next looks further";
    if (rows.length === 0) return this.state.q ? "Nothing matches this search" : "Nothing here";
    if (count === null) return "";
    if (count !== whole) return `${figure(count)} of ${plural(whole, ...name)}`;
    return filters ? "" : plural(count, ...name);
  }

  /** @param {Shown} shown */
  drawChosen({ rows, hits = this.foundWith(rows), count = null }) {
    const { actions = null, matching } = this.options;
    const picked = actions ? hits.filter((row) => this.picked.has(this.id(row))) : [];
    const lostCount = this.lost.size;
    this.chosen.hidden = picked.length === 0 && lostCount === 0;
    const clear = () => {
      this.unpick();
      this.show();
    };
    const lost = lostCount > 0 && `${figure(lostCount)} deselected because ${lostCount === 1 ? "it is" : "they are"} not shown`;
    const elsewhere = picked.filter((row) => !rows.includes(row)).length;
    const selected = `${figure(picked.length)} selected${elsewhere > 0 ? `, ${figure(elsewhere)} of them on other pages` : ""}`;
    const told = [picked.length > 0 && selected, lost].filter(Boolean).join(" · ");
    const isPage = rows.length > 0 && rows.every((row) => this.picked.has(this.id(row)));
    const isAsked = !this.source.isLocal && this.found === null;
    const all = (isAsked && matching && count) || hits.length;
    const word = all > MOST && !this.source.isLocal ? `Select the first ${figure(MOST)}` : `Select all ${figure(all)}`;
    const more = isPage && picked.length < all && button(word, { kind: "plain", onclick: () => (isAsked ? this.pickMatching() : this.pickWhole(hits)) });
    this.chosen.replaceChildren(.../** @type {Node[]} */ ([
      h("span", { role: "status" }, told), more,
      actions && picked.length > 0 && [actions(picked, clear), button("Clear selection", { kind: "plain", onclick: clear })],
    ].flat(2).filter(Boolean)));
  }

  // --- what is selected ---

  /** @param {string[]} ids @param {boolean} shall @param {string} [anchor] */
  pick(ids, shall, anchor = "") {
    this.finding?.abort();
    this.lost.clear();
    this.anchor = anchor;
    ids.forEach((id) => (shall ? this.picked.add(id) : this.picked.delete(id)));
    if (this.picked.size === 0) this.pickPage();
    this.show();
  }

  /** @param {any[]} hits */
  pickWhole(hits) {
    this.lost.clear();
    this.isWhole = true;
    hits.forEach((row) => this.picked.add(this.id(row)));
    this.show();
  }

  /** What the server found, as it is now where that is shown. @param {any[]} rows @returns {any[]} */
  foundWith(rows) {
    const shown = new Set(rows.map((row) => this.id(row)));
    return [...rows, ...(this.found ?? []).filter((row) => !shown.has(this.id(row)))];
  }

  /** Selects what the server finds now, once all of it is here; whoever selects something else meanwhile means that. */
  async pickMatching() {
    const { matching = async () => [], context } = this.options;
    const { q, show, sort } = this.state;
    const finding = (this.finding = new AbortController());
    const signal = AbortSignal.any([context.signal, finding.signal]);
    try {
      const rows = await matching({ q, show, sort, most: MOST, signal, progress: (done, all) => this.progressed(done, all) });
      signal.throwIfAborted();
      this.found = rows;
      this.pickWhole(rows);
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      this.show();
      this.chosen.append(h("span.error", { role: "alert" }, error.message));
    }
  }

  unpick() {
    this.picked.clear();
    this.lost.clear();
    this.pickPage();
  }

  /** From now on only what is shown can be selected. */
  pickPage() {
    this.finding?.abort();
    this.isWhole = false;
    this.found = null;
  }

  /** The rows from the one that was selected last. @param {string} id @returns {string[]} */
  rangeTo(id) {
    const ids = (this.shown?.rows ?? []).map((row) => this.id(row));
    const [from, to] = [ids.indexOf(this.anchor), ids.indexOf(id)].sort((one, two) => one - two);
    return from < 0 ? [id] : ids.slice(from, to + 1);
  }

  /** What is out of sight is not selected, unless all that was found was asked for. @param {any[]} rows */
  cutPicked(rows) {
    if (this.isWhole) return;
    const shown = new Set(rows.map((row) => this.id(row)));
    this.picked.forEach((id) => shown.has(id) || (this.picked.delete(id) && this.lost.add(id)));
    shown.forEach((id) => this.lost.delete(id));
  }

  // --- what a person does ---

  searched() {
    clearTimeout(this.late);
    const go = () => this.change({ q: this.field?.value.trim() ?? "", page: 1, start: null });
    if (this.source.isLocal) go();
    else this.late = Number(setTimeout(go, LATE));
  }

  /** @param {Column<any>} column */
  async sorted(column) {
    const [[first], [second] = [first]] = waysOf(column);
    await this.change({ sort: this.state.sort === first ? second : first, page: 1, start: null });
  }

  /** @param {Partial<ListState>} state */
  async turned(state) {
    await this.change(state, true);
    focusHeading();
    scrollTo(0, 0);
  }

  /** @param {MouseEvent} event @param {string} href */
  opened(event, href) {
    if (/** @type {Element} */ (event.target).closest("a, button, input, label") || String(getSelection())) return;
    if (event.ctrlKey || event.metaKey) open(href, "_blank", "noopener");
    else this.options.context.go(href);
  }

  // --- what follows ---

  /** @param {Partial<ListState>} changes @param {boolean} [push] */
  async change(changes, push = false) {
    Object.assign(this.state, changes);
    // Something else is found then; another page or order of it is the same.
    if (changes.q !== undefined || changes.show !== undefined) this.pickPage();
    // Of a word that is typed, each letter may cut the selection further.
    if (changes.q === undefined) this.lost.clear();
    const { q, show, sort, page, start } = this.state;
    this.options.context.setQuery({ q, show, sort: sort === this.options.sort ? null : sort, page: page > 1 ? page : null, start }, { push });
    if (this.source.isLocal) this.show();
    else await this.reload();
  }

  async reload() {
    this.loading?.abort();
    this.finding?.abort();
    const loading = (this.loading = new AbortController());
    const signal = AbortSignal.any([this.options.context.signal, loading.signal]);
    try {
      await this.source.load({ signal, state: this.state, progress: (done, all) => this.progressed(done, all) });
      // What is gone is no longer selected, and nobody need be told.
      const present = new Set(this.options.actions && this.source.isLocal ? this.source.rows().map((row) => this.id(row)) : this.picked);
      this.picked.forEach((id) => present.has(id) || this.picked.delete(id));
      this.show();
    } catch (error) {
      if (isAbort(error)) return;
      if (!this.shown) throw error;
      this.failed(error);
    }
  }

  /** @param {number} done @param {number | null} all */
  progressed(done, all) {
    this.count.textContent = `Reading: ${figure(done)}${all ? ` of ${figure(all)}` : ""}`;
  }

  /** Without the rows nothing is selected, and nothing can be. @param {Error} error */
  failed(error) {
    this.unpick();
    this.count.textContent = "";
    for (const it of [this.narrow, this.chosen]) it.hidden = true;
    const focused = document.activeElement;
    const hadFocus = this.node.contains(focused);
    const trouble = troubleNode(error, () => this.reload());
    this.node.replaceChildren(this.bar, trouble);
    if (hadFocus) (focused === this.field ? this.field : trouble.querySelector("button"))?.focus();
  }
}

/**
 * The ways in which one sorts by a column, or another order, with what each is called; the first one first.
 * @param {ListOrder<any>} order @returns {[sort: string, label: string][]}
 */
export function waysOf({ sort, label, isName = false, isDown = false, isOneWay = false, ways = isName ? TEXT : FIGURE }) {
  if (!sort) return [];
  /** @type {[string, string][]} */
  const both = [[sort, `${label}: ${ways[0]}`], [`-${sort}`, `${label}: ${ways[1]}`]];
  const [first, second] = isDown ? both.toReversed() : both;
  return isOneWay ? [[first[0], label]] : [first, second];
}

/** What stands in a head for screen readers, where cards hide its button. @param {string} label */
const headWord = (label) => h("span.head-word", label);

/** @param {string} label @param {string} value @param {() => void} oninput */
const searchField = (label, value, oninput) => h("input.input.search", {
  type: "search", "aria-label": label, placeholder: label, value, autocomplete: "off", spellcheck: "false", oninput,
});

/**
 * The first of a name's parts is the link; what follows, such as a second line, stands below. What may be cut is whole on hover.
 * @param {string | null | undefined} href @param {Child} content @param {boolean} [isCut]
 */
function nameLink(href, content, isCut = false) {
  const [first, ...rest] = [content].flat();
  return href ? [h("a", { href, title: isCut && typeof first === "string" ? first : null }, first), rest] : h("div", content);
}

/** @param {string} sort */
export const orderOf = (sort) => (sort.startsWith("-") ? "desc" : "asc");

/** @template Row @param {ListOptions<Row>} options @returns {Promise<ListMade>} */
export async function list(options) {
  const made = new List(options);
  await made.reload();
  return { node: made.node, reload: () => made.reload(), rows: () => made.source.rows() };
}
