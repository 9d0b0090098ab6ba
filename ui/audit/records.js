// Owns the table of audit records: rows that unfold, and new ones that come on top without moving the others.
//
// Exports
//   recordsTable(context)     → { node, set(records), prepend(records), newest(), oldest(), isFull() }; prepend gives whether
//                             the person saw them come

import { badge, facts, h, path, unique } from "../lib/dom.js";
import { makeTable } from "../lib/table.js";
import { exact, when } from "../lib/time.js";
import { figure, plural } from "../lib/words.js";
import { credential, times, tokenId } from "./words.js";

/** While new ones come, the oldest leave the window; the next page has them. */
const MOST = 500;

/** @param {string} key @param {string} value */
const only = (key, value) => h("a.small", { href: `/audit?${new URLSearchParams({ [key]: value })}`, "aria-label": `only these: ${key} ${value}` }, "only these");

/** @param {string} key @param {string} value @param {Child} [shown] @returns {Child} */
const withOnly = (key, value, shown = value) => value && [shown, " ", only(key, value)];

/** @param {Api.AuditRecord} record */
function actor(record) {
  const shown = record.actorId ? h("a", { href: path`/people/${record.actor}` }, record.actor) : record.actor;
  return withOnly("actor", record.actor, shown);
}

/** @param {Api.AuditRecord} record */
function count({ count, summed }) {
  if (count === 1) return "1";
  return `${times(count)} ${summed ? "something of the kind" : "the same"}; the time is the last one's`;
}

/** @param {Api.RemovedRecords} removed */
const removed = ({ count, first, last }) => `${plural(count, "record")}, from number ${figure(first)} to ${figure(last)}`;

/** @param {Api.AuditRecord} record */
function details(record) {
  const id = tokenId(record.credential);
  return facts([
    ["Number", figure(record.seq)],
    ["Time", exact(record.time)],
    ["Action", withOnly("action", record.action, h("code", record.action))],
    ["Object", withOnly("object", record.object, h("code", record.object))],
    ["Actor", actor(record)],
    ["Actor's id", record.actorId && h("code", record.actorId)],
    ["Credential", id ? [credential(record.credential), " ", h("code", id), " ", only("token", id)] : credential(record.credential)],
    ["Address", record.address],
    ["Outcome", withOnly("outcome", record.outcome)],
    ["Count", count(record)],
    ["Summed", record.summed && record.reason],
    ["Removed", record.removed && removed(record.removed)],
    ["Hash", h("code", record.hash)],
  ]);
}

/** @param {Api.AuditRecord} record */
const outcome = (record) => (record.outcome === "denied" ? badge("denied", "bad") : h("span.quiet", record.outcome));

/** @param {Api.AuditRecord} record */
function source(record) {
  const from = record.address && ` from ${record.address}`;
  return h("small", `${credential(record.credential)}${from}`);
}

/** @type {Column<{ record: Api.AuditRecord, toggle: Node }>[]} */
const COLUMNS = [
  { label: "Action", isName: true, isBare: true, cell: ({ toggle }) => toggle },
  { label: "Object", cell: ({ record }) => (record.object ? h("code", record.object) : h("span.quiet", "—")) },
  { label: "Actor", cell: ({ record }) => [record.actor, source(record)] },
  { label: "Outcome", cell: ({ record }) => [outcome(record), record.count > 1 && h("small", times(record.count))] },
  { label: "When", cell: ({ record }) => when(record.time) },
];

/**
 * One record: its row, and below it the row with its details, which are drawn once it is unfolded.
 * @param {ReturnType<typeof makeTable<{ record: Api.AuditRecord, toggle: Node }>>} table @param {Api.AuditRecord} record @param {(seq: number | null) => void} told
 */
function recordRow(table, record, told) {
  const id = unique("record");
  const toggle = h("button.unfold", { type: "button", "aria-expanded": "false", "aria-controls": id }, record.action);
  const inside = h("div");
  const more = table.whole({ id, class: "more", hidden: true }, inside);
  /** @param {boolean} shall */
  const unfold = (shall) => {
    if (shall && !inside.firstChild) inside.append(details(record));
    more.hidden = !shall;
    toggle.setAttribute("aria-expanded", String(shall));
  };
  /** @param {MouseEvent} event */
  const onclick = (event) => {
    if (/** @type {Element} */ (event.target).closest("a") || String(getSelection())) return;
    const shall = Boolean(more.hidden);
    unfold(shall);
    told(shall ? record.seq : null);
  };
  const row = table.row({ class: "open", onclick }, { record, toggle });
  return { record, nodes: [row, more], unfold };
}

/** @param {Context} context */
export function recordsTable(context) {
  /** @type {ReturnType<typeof recordRow>[]} */
  let rows = [];
  const made = makeTable({ label: "Audit records", columns: COLUMNS });
  const { node: table, body } = made;
  const node = h("div.list.records", table);

  /** @param {Api.AuditRecord[]} records */
  const rowsOf = (records) => records.map((record) => recordRow(made, record, (seq) => context.setQuery({ record: seq })));
  /** @param {ReturnType<typeof recordRow>[]} some */
  const nodesOf = (some) => some.flatMap((it) => it.nodes);

  /** @param {Api.AuditRecord[]} records */
  const set = (records) => {
    rows = rowsOf(records);
    body.replaceChildren(...nodesOf(rows));
    table.hidden = rows.length === 0;
    const wanted = Number(context.query.get("record"));
    rows.find((it) => it.record.seq === wanted)?.unfold(true);
  };

  /** The visible rows stay where they are, unless they are the very top. @param {() => void} change */
  const keepPlace = (change) => {
    const isAtTop = table.getBoundingClientRect().top > 0 && !node.contains(document.activeElement) && !body.querySelector("[aria-expanded=true]");
    const before = table.offsetHeight;
    change();
    if (!isAtTop) scrollBy(0, table.offsetHeight - before);
    return isAtTop;
  };

  /** @param {Api.AuditRecord[]} records */
  const prepend = (records) => {
    const fresh = rowsOf(records);
    fresh.forEach((it) => it.nodes[0].classList.add("fresh"));
    const isSeen = keepPlace(() => {
      table.hidden = false;
      body.prepend(...nodesOf(fresh));
    });
    rows = [...fresh, ...rows];
    // A person who reads further down keeps these rows.
    if (isSeen) rows.splice(MOST).forEach((it) => it.nodes.forEach((gone) => gone.remove()));
    return isSeen;
  };

  return { node, set, prepend, newest: () => rows[0]?.record ?? null, oldest: () => rows.at(-1)?.record ?? null, isFull: () => rows.length >= MOST };
}
