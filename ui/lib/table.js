// Owns tables: their roles, which cards on a phone would lose, their heads and cells, and the labels of the cards.
//
// Exports
//   makeTable({ label, columns, head, first })
//       label      names the table for screen readers
//       columns    [{ label, cell(row), kind, isName, isEnd, isBare }]; cell gives a text, a node or an array of them, where
//                  h("small", …) is the second line; `isName` marks the first and strongest one, `isEnd` sets figures to the
//                  right; what is `isBare` needs no element around it; `kind` is a class of its cells
//       head       (column) => { content, sort }: what stands in a column's head, if that is not its label; sort is "ascending"
//                  or "descending" where the table is sorted by it
//     → { node, body, drawHead(first), row(attributes, row, first), whole(attributes, content) }: the table without rows; a
//       row; one whose only cell takes all columns. `first` is a cell before the others

import { h } from "./dom.js";

/** @template Row @param {Column<Row>} column */
const kindsOf = ({ isName, isEnd, kind }) => [isName && "name", isEnd && "end", kind].filter(Boolean).join(" ") || null;

/** @template Row @param {Column<Row>} column @param {{ content?: Child, sort?: string | null }} [options] */
const headCell = (column, { content = column.label || h("span.unseen", "Actions"), sort = null } = {}) =>
  h("th", { role: "columnheader", scope: "col", class: kindsOf(column), "aria-sort": sort }, content);

/**
 * One element inside, so that a card has its label on the left and everything else on the right.
 * @template Row @param {Column<Row>} column @param {Row} row
 */
function bodyCell(column, row) {
  const content = column.cell(row);
  return h("td", { role: "cell", class: kindsOf(column), "data-label": column.isName ? null : column.label || null },
    column.isBare ? content : h("div", content));
}

/**
 * @template Row
 * @param {{ label: string, columns: Column<Row>[], head?: (column: Column<Row>) => { content?: Child, sort?: string | null } }} options
 */
export function makeTable({ label, columns, head = () => ({}) }) {
  const thead = h("thead", { role: "rowgroup" });
  const body = h("tbody", { role: "rowgroup" });
  const node = h("table", { role: "table", "aria-label": label }, thead, body);
  /** @param {Child} [first] */
  const drawHead = (first = null) => thead.replaceChildren(h("tr", { role: "row" }, first, columns.map((it) => headCell(it, head(it)))));
  /** @param {Attributes} attributes @param {Row} it @param {Child} [first] @returns {HTMLElement} */
  const row = (attributes, it, first = null) => h("tr", { role: "row", ...attributes }, first, columns.map((column) => bodyCell(column, it)));
  /** @param {Attributes} attributes @param {Child} content @returns {HTMLElement} */
  const whole = (attributes, content) => h("tr", { role: "row", ...attributes }, h("td", { role: "cell", colspan: columns.length }, content));
  drawHead();
  return { node, body, drawHead, row, whole };
}
