// Owns lists: a table with search, sort, pages and selection, which becomes cards on a phone. Search, sort and page stand in
// the address, so that Back, reload and a bookmark find them again.
//
// Exports
//   list({ ... })     async, settles once the first rows are there → { node, reload(), rows() }
//     context         the page's (app.js)
//     name            what it lists, as ["access token"] or ["person", "people"]: for counts and screen readers
//     columns         [{ label, cell(row), sort, isName, isEnd }]; cell gives a text, a node or an array of them, where
//                     h("small", …) is the second line; sort: the name of the order in the address, `isName` marks the
//                     first and strongest one, `isEnd` sets figures to the right
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

import { isAbort } from "./api.js";
import { button, h, plural } from "./dom.js";
import { remember } from "./focus.js";

const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
const LATE = 250;

/** What the address says of the list. */
function readState(query, first) {
  return {
    q: query.get("q") ?? "",
    sort: query.get("sort") ?? first ?? "",
    page: Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1),
    start: query.get("start"),
  };
}

/** Everything is here: search, sort and cut a page out. */
function localSource({ all, matches = () => "", columns, size }) {
  let rows = [];
  return {
    load: async (options) => (rows = await all(options)),
    isLocal: true,
    show({ q, sort, page }) {
      const words = q.toLowerCase().split(/\s+/).filter(Boolean);
      const found = rows.filter((row) => words.every((word) => matches(row).toLowerCase().includes(word)));
      const column = columns.find((it) => it.sort && it.sort === sort.replace(/^-/, ""));
      if (column?.by) {
        const way = sort.startsWith("-") ? -1 : 1;
        found.sort((one, two) => way * compareValues(column.by(one), column.by(two)));
      }
      const last = Math.max(1, Math.ceil(found.length / size));
      const present = Math.min(page, last);
      return { rows: found.slice((present - 1) * size, present * size), count: found.length, whole: rows.length, page: present, last };
    },
    rows: () => rows,
  };
}

const compareValues = (one, two) => (typeof one === "string" ? compare(one, two) : Number(one) - Number(two));

/** The server searches, sorts and pages. */
function remoteSource({ page: read, size }) {
  let shown = { rows: [], next: null, count: null };
  return {
    load: async ({ signal, state }) => (shown = await read({ ...state, size, signal })),
    isLocal: false,
    show: () => ({ ...shown, whole: shown.count ?? shown.rows.length }),
    rows: () => shown.rows,
  };
}

class List {
  constructor(options) {
    Object.assign(this, { size: 25, tools: [], ...options });
    this.source = this.all ? localSource(this) : remoteSource(this);
    this.state = readState(this.context.query, this.sort);
    this.picked = new Set();
    this.draw();
    this.context.signal.addEventListener("abort", () => clearTimeout(this.late));
  }

  // --- drawing ---

  draw() {
    this.count = h("span.count", { role: "status" });
    this.chosen = h("div.row", { hidden: true });
    this.field = this.search && h("input.input.search", {
      type: "search", "aria-label": this.search, placeholder: this.search, value: this.state.q, autocomplete: "off",
      spellcheck: "false", oninput: () => this.searched(),
    });
    this.table = h("table", { role: "table", "aria-label": plural(2, ...this.name).slice(2) });
    this.pages = h("div.pages", { hidden: true });
    this.bar = h("div.tools", this.field, this.tools, this.count, this.chosen);
    this.body = h("div", this.table, this.pages);
    this.node = h("div.list", this.bar, this.body);
  }

  drawHead() {
    const cells = this.columns.map((column) => {
      const isPresent = column.sort && this.state.sort.replace(/^-/, "") === column.sort;
      const way = this.state.sort.startsWith("-") ? "descending" : "ascending";
      const label = column.sort ? h("button", { type: "button", onclick: () => this.sorted(column) }, column.label) : column.label || h("span.unseen", "Actions");
      return h("th", { role: "columnheader", scope: "col", class: column.isEnd ? "end" : null, "aria-sort": isPresent ? way : null }, label);
    });
    return h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, this.actions && this.drawPickAll(), cells));
  }

  drawPickAll() {
    const ids = this.shown.rows.map(this.id);
    const box = h("input", { type: "checkbox", "aria-label": "Select all of this page", onchange: () => this.pick(ids, box.checked) });
    box.checked = ids.length > 0 && ids.every((id) => this.picked.has(id));
    box.indeterminate = !box.checked && ids.some((id) => this.picked.has(id));
    return h("th.pick", { role: "columnheader" }, box);
  }

  drawRow(row) {
    const href = this.href?.(row);
    const cells = this.columns.map((column) => {
      const content = column.cell(row);
      const kinds = [column.isName && "name", column.isEnd && "end"].filter(Boolean).join(" ");
      return h("td", { role: "cell", class: kinds || null, "data-label": column.isName ? null : column.label || null },
        column.isName && href ? nameLink(href, content) : wrap(content));
    });
    const isPicked = this.actions && this.picked.has(this.id(row));
    return h("tr", {
      role: "row", class: href ? "open" : null, "aria-selected": this.actions ? String(isPicked) : null,
      onclick: href ? (event) => this.opened(event, href) : null,
    }, this.actions && this.drawPick(row, isPicked), cells);
  }

  drawPick(row, isPicked) {
    const id = this.id(row);
    const name = [this.columns.find((column) => column.isName)?.cell(row)].flat()[0];
    const label = `Select ${typeof name === "string" ? name : name?.textContent ?? ""}`;
    const box = h("input", { type: "checkbox", "aria-label": label, onchange: () => this.pick([id], box.checked) });
    box.checked = isPicked;
    return h("td.pick", { role: "cell" }, box);
  }

  drawPages() {
    const { page, last, next } = this.shown;
    const isFirst = this.source.isLocal ? page === 1 : !this.state.start;
    const isLast = this.source.isLocal ? page === last : !next;
    this.pages.hidden = isFirst && isLast;
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
    const shownField = this.field?.isConnected && this.field;
    (again() ?? (shownField || document.querySelector("main h1")))?.focus({ preventScroll: true });
  }

  redraw() {
    this.shown = this.source.show(this.state);
    const { rows, count, whole } = this.shown;
    const isEmpty = whole === 0 && !this.state.q && !this.state.start && !this.isFiltered?.();
    if (isEmpty && this.empty) {
      this.node.replaceChildren(typeof this.empty === "function" ? this.empty() : this.empty);
      return;
    }
    // Put in again, the search field would lose the focus while somebody types.
    if (this.body.parentNode !== this.node || this.node.children.length !== 2) this.node.replaceChildren(this.bar, this.body);
    this.table.replaceChildren(this.drawHead(), h("tbody", { role: "rowgroup" }, rows.map((row) => this.drawRow(row))));
    this.table.hidden = rows.length === 0;
    const told = count === null || count === undefined ? "" : count === whole ? plural(count, ...this.name) : `${count.toLocaleString("en")} of ${plural(whole, ...this.name)}`;
    this.count.textContent = rows.length ? told : this.state.q ? "Nothing matches this search" : "Nothing here";
    this.drawPages();
    this.drawChosen();
  }

  drawChosen() {
    const rows = this.actions ? this.source.rows().filter((row) => this.picked.has(this.id(row))) : [];
    this.chosen.hidden = rows.length === 0;
    this.count.hidden = rows.length > 0;
    const clear = () => {
      this.picked.clear();
      this.show();
    };
    this.chosen.replaceChildren(...(rows.length
      ? [h("span", { role: "status" }, `${rows.length} selected`), this.actions(rows, clear), button("Clear selection", { kind: "plain", onclick: clear })].flat()
      : []));
  }

  // --- what a person does ---

  searched() {
    clearTimeout(this.late);
    const go = () => this.change({ q: this.field.value.trim(), page: 1, start: null });
    if (this.source.isLocal) go();
    else this.late = setTimeout(go, LATE);
  }

  async sorted(column) {
    const isUp = this.state.sort === column.sort;
    await this.change({ sort: isUp ? `-${column.sort}` : column.sort, page: 1, start: null });
  }

  async turned(state) {
    await this.change(state, true);
    this.node.closest("main")?.querySelector("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  pick(ids, shall) {
    ids.forEach((id) => (shall ? this.picked.add(id) : this.picked.delete(id)));
    this.show();
  }

  opened(event, href) {
    if (event.target.closest("a, button, input, label") || String(getSelection())) return;
    if (event.ctrlKey || event.metaKey) open(href, "_blank", "noopener");
    else this.context.go(href);
  }

  // --- what follows ---

  async change(changes, push = false) {
    Object.assign(this.state, changes);
    const { q, sort, page, start } = this.state;
    this.context.setQuery({ q, sort: sort === this.sort ? null : sort, page: page > 1 ? page : null, start }, { push });
    if (this.source.isLocal) this.show();
    else await this.reload();
  }

  async reload() {
    this.loading?.abort();
    const loading = (this.loading = new AbortController());
    const signal = AbortSignal.any([this.context.signal, loading.signal]);
    try {
      await this.source.load({ signal, state: this.state, progress: (done, all) => this.progressed(done, all) });
      const present = new Set(this.actions ? this.source.rows().map(this.id) : []);
      this.picked.forEach((id) => present.has(id) || (this.source.isLocal && this.picked.delete(id)));
      this.show();
    } catch (error) {
      if (isAbort(error)) return;
      if (!this.shown) throw error;
      this.failed(error);
    }
  }

  progressed(done, all) {
    this.count.textContent = `Reading: ${done.toLocaleString("en")}${all ? ` of ${all.toLocaleString("en")}` : ""}`;
  }

  failed(error) {
    const again = button("Try again", { onclick: () => this.reload() });
    this.node.replaceChildren(this.bar, h("div.stack.tight", h("p.error", { role: "alert" }, error.message), again));
  }
}

/** The first of a name's parts is the link; what follows, such as a second line, stands below. */
function nameLink(href, content) {
  const [first, ...rest] = [content].flat();
  return [h("a", { href }, first), rest];
}

/** One element, so that a card has its label on the left and everything else on the right. */
const wrap = (content) => h("div", content);

export async function list(options) {
  const made = new List(options);
  await made.reload();
  return { node: made.node, reload: () => made.reload(), rows: () => made.source.rows() };
}
