// Owns lists: a table with search, sort, pages and selection, which becomes cards on a phone. Search, sort and page stand in
// the address, so that Back, reload and a bookmark find them again.
//
// Exports
//   list({ ... })     async, settles once the first rows are there → { node, reload(), rows() }
//     context         the page's (app.js)
//     name            what it lists, as ["access token"] or ["person", "people"]: for counts and screen readers
//     columns         those of table.js, with sort: the name of the order in the address
//     href(row)       where a row leads; none: rows do not open
//     id(row)         what tells rows apart; needed for `actions`
//     empty           a node or () => node: what this is for and the one thing to do, if there is nothing at all
//     search          the label of the search field; none: no search
//     sort            the order at first, as "name", or "-created" for descending
//     size            rows of a page, 25
//     tools           nodes beside the search field, such as a filter; call reload() when they change
//     actions(rows, clear)   buttons for the selected rows; makes the check boxes
//   and one of two sources:
//     all({ signal, progress })    reads everything (api.js readAll); search, sort and pages happen here.
//                                  matches(row) gives the text that is searched; a column's `by(row)` what it is sorted by
//     page({ q, sort, start, size, signal }) → { rows, next, count }
//                                  the server searches, sorts and pages; a column's sort has no `by` then
//   readState, localSource     for their tests: the state that an address has, and the source that `all` makes
//   orderOf(sort)     "desc" or "asc", as the API has them, of a sort of the address

import { isAbort } from "./api.js";
import { button, h, troubleNode } from "./dom.js";
import { focusHeading, remember } from "./focus.js";
import { makeTable } from "./table.js";
import { figure, plural } from "./words.js";

const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
const LATE = 250;

/** What the address says of the list. @param {URLSearchParams} query @param {string} [first] @returns {ListState} */
export function readState(query, first) {
  return {
    q: query.get("q") ?? "",
    sort: query.get("sort") ?? first ?? "",
    page: Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1),
    start: query.get("start"),
  };
}

/**
 * Everything is here: search, sort and cut a page out.
 * @param {{ all: NonNullable<ListOptions<any>["all"]>, matches?: (row: any) => string, columns: Column<any>[], size: number }} options
 * @returns {ListSource}
 */
export function localSource({ all, matches = () => "", columns, size }) {
  /** @type {any[]} */
  let rows = [];
  return {
    load: async (options) => (rows = await all(options)),
    isLocal: true,
    show({ q, sort, page }) {
      const words = q.toLowerCase().split(/\s+/).filter(Boolean);
      const found = rows.filter((row) => words.every((word) => matches(row).toLowerCase().includes(word)));
      const column = columns.find((it) => it.sort && it.sort === sort.replace(/^-/, ""));
      if (column?.by) {
        const { by } = column;
        const way = sort.startsWith("-") ? -1 : 1;
        found.sort((one, two) => way * compareValues(by(one), by(two)));
      }
      const last = Math.max(1, Math.ceil(found.length / size));
      const present = Math.min(page, last);
      return { rows: found.slice((present - 1) * size, present * size), count: found.length, whole: rows.length, page: present, last };
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
    show: () => ({ ...shown, whole: shown.count ?? shown.rows.length }),
    rows: () => shown.rows,
  };
}

class List {
  /** @param {ListOptions<any>} options */
  constructor(options) {
    this.options = options;
    const { context, name, columns, sort, search, tools = [], size = 25 } = options;
    this.source = options.all ? localSource({ ...options, all: options.all, size }) : remoteSource(size, options.page);
    this.state = readState(context.query, sort);
    /** @type {Set<string>} */
    this.picked = new Set();
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {AbortController | null} */
    this.loading = null;
    this.late = 0;
    this.count = h("span.count", { role: "status" });
    this.chosen = h("div.row", { hidden: true });
    this.field = search ? searchField(search, this.state.q, () => this.searched()) : null;
    this.table = makeTable({ label: plural(2, ...name).slice(2), columns: columns.map((it) => this.tableColumn(it)), head: (it) => this.headOf(it) });
    this.pages = h("div.pages", { hidden: true });
    this.bar = h("div.tools", this.field, tools, this.count, this.chosen);
    this.body = h("div", this.table.node, this.pages);
    this.node = h("div.list", this.bar, this.body);
    context.signal.addEventListener("abort", () => clearTimeout(this.late));
  }

  /** What tells rows apart: only rows that can be selected need it. @param {any} row */
  id(row) {
    return this.options.id?.(row) ?? "";
  }

  // --- drawing ---

  /** The name is the link to where a row leads. @param {Column<any>} column @returns {Column<any>} */
  tableColumn(column) {
    if (!column.isName || !this.options.href) return column;
    return { ...column, isBare: true, cell: (row) => nameLink(this.options.href?.(row), column.cell(row)) };
  }

  /** @param {Column<any>} column */
  headOf(column) {
    if (!column.sort) return {};
    const isPresent = this.state.sort.replace(/^-/, "") === column.sort;
    const way = this.state.sort.startsWith("-") ? "descending" : "ascending";
    return { sort: isPresent ? way : null, content: h("button", { type: "button", onclick: () => this.sorted(column) }, column.label) };
  }

  /** @param {any[]} rows */
  drawPickAll(rows) {
    const ids = rows.map((row) => this.id(row));
    const box = h("input", { type: "checkbox", "aria-label": "Select all of this page", onchange: () => this.pick(ids, box.checked) });
    box.checked = ids.length > 0 && ids.every((id) => this.picked.has(id));
    box.indeterminate = !box.checked && ids.some((id) => this.picked.has(id));
    return h("th.pick", { role: "columnheader" }, box);
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
    const box = h("input", { type: "checkbox", "aria-label": label, onchange: () => this.pick([id], box.checked) });
    box.checked = isPicked;
    return h("td.pick", { role: "cell" }, box);
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
    const { rows, count, whole } = this.shown;
    const { name, empty, actions } = this.options;
    if (empty && whole === 0 && !this.state.q && !this.state.start) {
      this.node.replaceChildren(typeof empty === "function" ? empty() : empty);
      return;
    }
    // Put in again, the search field would lose the focus while somebody types.
    if (this.body.parentNode !== this.node || this.node.children.length !== 2) this.node.replaceChildren(this.bar, this.body);
    this.table.drawHead(actions && this.drawPickAll(rows));
    this.table.body.replaceChildren(...rows.map((row) => this.drawRow(row)));
    this.table.node.hidden = rows.length === 0;
    const told = count === null || count === undefined ? "" : count === whole ? plural(count, ...name) : `${figure(count)} of ${plural(whole, ...name)}`;
    this.count.textContent = rows.length ? told : this.state.q ? "Nothing matches this search" : "Nothing here";
    this.drawPages(this.shown);
    this.drawChosen();
  }

  drawChosen() {
    const { actions = null } = this.options;
    const rows = actions ? this.source.rows().filter((row) => this.picked.has(this.id(row))) : [];
    this.chosen.hidden = rows.length === 0;
    this.count.hidden = rows.length > 0;
    const clear = () => {
      this.picked.clear();
      this.show();
    };
    this.chosen.replaceChildren(...(actions && rows.length > 0
      ? [h("span", { role: "status" }, `${rows.length} selected`), actions(rows, clear), button("Clear selection", { kind: "plain", onclick: clear })].flat()
      : []));
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
    const isUp = this.state.sort === column.sort;
    await this.change({ sort: `${isUp ? "-" : ""}${column.sort}`, page: 1, start: null });
  }

  /** @param {Partial<ListState>} state */
  async turned(state) {
    await this.change(state, true);
    focusHeading();
    scrollTo(0, 0);
  }

  /** @param {string[]} ids @param {boolean} shall */
  pick(ids, shall) {
    ids.forEach((id) => (shall ? this.picked.add(id) : this.picked.delete(id)));
    this.show();
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
    const { q, sort, page, start } = this.state;
    this.options.context.setQuery({ q, sort: sort === this.options.sort ? null : sort, page: page > 1 ? page : null, start }, { push });
    if (this.source.isLocal) this.show();
    else await this.reload();
  }

  async reload() {
    this.loading?.abort();
    const loading = (this.loading = new AbortController());
    const signal = AbortSignal.any([this.options.context.signal, loading.signal]);
    try {
      await this.source.load({ signal, state: this.state, progress: (done, all) => this.progressed(done, all) });
      const present = new Set(this.options.actions ? this.source.rows().map((row) => this.id(row)) : []);
      this.picked.forEach((id) => present.has(id) || (this.source.isLocal && this.picked.delete(id)));
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

  /** @param {Error} error */
  failed(error) {
    this.node.replaceChildren(this.bar, troubleNode(error, () => this.reload()));
  }
}

/** @param {string} label @param {string} value @param {() => void} oninput */
const searchField = (label, value, oninput) => h("input.input.search", {
  type: "search", "aria-label": label, placeholder: label, value, autocomplete: "off", spellcheck: "false", oninput,
});

/**
 * The first of a name's parts is the link; what follows, such as a second line, stands below.
 * @param {string | null | undefined} href @param {Child} content
 */
function nameLink(href, content) {
  const [first, ...rest] = [content].flat();
  return href ? [h("a", { href }, first), rest] : h("div", content);
}

/** @param {string} sort */
export const orderOf = (sort) => (sort.startsWith("-") ? "desc" : "asc");

/** @template Row @param {ListOptions<Row>} options @returns {Promise<ListMade>} */
export async function list(options) {
  const made = new List(options);
  await made.reload();
  return { node: made.node, reload: () => made.reload(), rows: () => made.source.rows() };
}
