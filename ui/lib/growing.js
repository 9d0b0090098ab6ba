// Owns tables that draw themselves where they stand and grow by "More": the page does not wait for them, and what goes wrong
// is said in their place.
//
// Exports
//   growing({ context, label, columns, size, read, empty })
//       label      names the table for screen readers
//       columns    those of table.js
//       size       how many rows come at a time
//       read       async ({ start, size, signal }) → { rows, next }: at most so many from there on; also fewer, or none, while
//                  others follow
//       empty      a sentence, where there is none
//     → { node, again() }: again() reads from the beginning; what was there goes at once, and what an earlier one finds late is
//                  not shown
//   whole(context, draw)     a node that async draw(signal) fills once it is done, for what is not a table

import { isAbort } from "./api.js";
import { button, h, troubleNode } from "./dom.js";
import { makeTable } from "./table.js";

/** Of answers without many rows so many are asked for before the person decides whether to look further back. */
const MOST_STEPS = 5;

/**
 * @template Row
 * @typedef {(wanted: { start: string | null, size: number, signal: AbortSignal }) => Promise<ListPage<Row>>} Read
 */

/**
 * Goes on while there is room.
 * @template Row @param {Read<Row>} read @param {Parameters<Read<Row>>[0]} wanted @returns {Promise<ListPage<Row>>}
 */
async function filled(read, { start, size, signal }) {
  /** @type {Row[]} */
  const rows = [];
  let next = start;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const page = await read({ start: next, size: size - rows.length, signal });
    rows.push(...page.rows);
    next = page.next;
    if (!next || rows.length >= size) break;
  }
  return { rows, next };
}

/**
 * @template Row
 * @param {{ context: Context, label: string, columns: Column<Row>[], size: number, read: Read<Row>, empty: string }} options
 */
export function growing({ context, label, columns, size, read, empty }) {
  const table = makeTable({ label, columns });
  const below = h("div.pages", { hidden: true });
  const told = h("p.quiet", { role: "status" });
  const node = h("div.list", h("div", table.node), told, below);
  table.node.hidden = true;
  let reading = new AbortController();

  /** @param {ListPage<Row>} page */
  const show = ({ rows, next }) => {
    const isFocused = below.contains(document.activeElement);
    const made = rows.map((row) => table.row({}, row));
    table.body.append(...made);
    table.node.hidden = !table.body.firstChild;
    told.textContent = table.body.firstChild || next ? "" : empty;
    below.hidden = !next;
    below.replaceChildren(...(next ? [button("More", { onclick: () => more(next) })] : []));
    // The button moved on: the keyboard stays where the new rows begin.
    if (!isFocused) return;
    made[0]?.setAttribute("tabindex", "-1");
    (made[0] ?? /** @type {HTMLElement | null} */ (below.querySelector("button")))?.focus();
  };

  /** @param {string | null} start */
  const more = async (start) => {
    const signal = AbortSignal.any([context.signal, reading.signal]);
    try {
      const page = await filled(read, { start, size, signal });
      signal.throwIfAborted();
      show(page);
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      below.hidden = false;
      below.replaceChildren(troubleNode(error, () => more(start)));
    }
  };

  const again = () => {
    reading.abort();
    reading = new AbortController();
    // What was read is no answer to what is asked now.
    table.body.replaceChildren();
    for (const it of [table.node, below]) it.hidden = true;
    told.textContent = "";
    return more(null);
  };
  context.drawn.then(again);
  return { node, again };
}

/** @param {Context} context @param {(signal: AbortSignal) => Promise<Child>} draw */
export function whole({ signal, drawn: isThere }, draw) {
  const node = h("div.stack.tight");
  const go = async () => {
    try {
      const drawn = await draw(signal);
      if (!signal.aborted) node.replaceChildren(h("div.wide", drawn));
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) node.replaceChildren(troubleNode(error, go));
    }
  };
  isThere.then(go);
  return node;
}
