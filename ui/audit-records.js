// Owns the table of audit records: rows that unfold, and new ones that come on top without moving the others.
//
// Exports
//   recordsTable(context)     → { node, set(records), prepend(records), newest(), oldest(), isFull() }; prepend gives whether
//                             the person saw them come

import { credential, times, tokenId } from "./audit-words.js";
import { badge, facts, h, path, plural, unique } from "./dom.js";
import { exact, when } from "./time.js";

const COLUMNS = ["Action", "Object", "Actor", "Outcome", "When"];
/** While new ones come, the oldest leave the window; the next page has them. */
const MOST = 500;

const only = (key, value) => h("a.small", { href: `/audit?${new URLSearchParams({ [key]: value })}`, "aria-label": `only these: ${key} ${value}` }, "only these");

const withOnly = (key, value, shown = value) => value && [shown, " ", only(key, value)];

function actor(record) {
  const shown = record.actorId ? h("a", { href: path`/people/${record.actor}` }, record.actor) : record.actor;
  return withOnly("actor", record.actor, shown);
}

function count({ count, summed }) {
  if (count === 1) return "1";
  return `${times(count)} ${summed ? "something of the kind" : "the same"}; the time is the last one's`;
}

const removed = ({ count, first, last }) => `${plural(count, "record")}, from number ${first.toLocaleString("en")} to ${last.toLocaleString("en")}`;

function details(record) {
  const id = tokenId(record.credential);
  return facts([
    ["Number", record.seq.toLocaleString("en")],
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

const outcome = (record) => (record.outcome === "denied" ? badge("denied", "bad") : h("span.quiet", record.outcome));

const cell = (label, ...content) => h("td", { role: "cell", "data-label": label }, h("div", ...content));

function source(record) {
  const from = record.address && ` from ${record.address}`;
  return h("small", `${credential(record.credential)}${from}`);
}

/** One record: its row, and below it the row with its details once it is unfolded. */
function recordRow(record, told) {
  const id = unique("record");
  const toggle = h("button.unfold", { type: "button", "aria-expanded": "false", "aria-controls": id }, record.action);
  const more = h("tr.more", { id, role: "row", hidden: true });
  const unfold = (shall) => {
    if (shall && !more.firstChild) more.append(h("td", { role: "cell", colspan: COLUMNS.length }, details(record)));
    more.hidden = !shall;
    toggle.setAttribute("aria-expanded", String(shall));
  };
  const row = h("tr.open", {
    role: "row",
    onclick: (event) => {
      if (event.target.closest("a") || String(getSelection())) return;
      const shall = more.hidden;
      unfold(shall);
      told(shall ? record.seq : null);
    },
  },
  h("td.name", { role: "cell" }, toggle),
  cell("Object", record.object ? h("code", record.object) : h("span.quiet", "—")),
  cell("Actor", record.actor, source(record)),
  cell("Outcome", outcome(record), record.count > 1 && h("small", times(record.count))),
  cell("When", when(record.time)));
  return { record, nodes: [row, more], unfold };
}

export function recordsTable(context) {
  let rows = [];
  const body = h("tbody", { role: "rowgroup" });
  const heads = COLUMNS.map((label) => h("th", { role: "columnheader", scope: "col" }, label));
  const table = h("table", { role: "table", "aria-label": "Audit records" }, h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)), body);
  const node = h("div.list.records", table);

  const make = (records) => records.map((record) => recordRow(record, (seq) => context.setQuery({ record: seq })));
  const nodesOf = (made) => made.flatMap((it) => it.nodes);

  const set = (records) => {
    rows = make(records);
    body.replaceChildren(...nodesOf(rows));
    table.hidden = rows.length === 0;
    const wanted = Number(context.query.get("record"));
    rows.find((it) => it.record.seq === wanted)?.unfold(true);
  };

  /** The visible rows stay where they are, unless they are the very top. */
  const keepPlace = (change) => {
    const isAtTop = table.getBoundingClientRect().top > 0 && !node.contains(document.activeElement) && !body.querySelector("[aria-expanded=true]");
    const before = table.offsetHeight;
    change();
    if (!isAtTop) scrollBy(0, table.offsetHeight - before);
    return isAtTop;
  };

  const prepend = (records) => {
    const made = make(records);
    made.forEach((it) => it.nodes[0].classList.add("fresh"));
    const isSeen = keepPlace(() => {
      table.hidden = false;
      body.prepend(...nodesOf(made));
    });
    rows = [...made, ...rows];
    // A person who reads further down keeps these rows.
    if (isSeen) rows.splice(MOST).forEach((it) => it.nodes.forEach((gone) => gone.remove()));
    return isSeen;
  };

  return { node, set, prepend, newest: () => rows[0]?.record ?? null, oldest: () => rows.at(-1)?.record ?? null, isFull: () => rows.length >= MOST };
}
