// Owns the table of audit records: rows that unfold, and new ones that come on top without moving the others.
//
// Exports
//   recordsTable(context)     → { node, set(records), prepend(records), newest(), oldest(), isFull() }; prepend gives whether
//                             the person saw them come

import { badge, facts, h, path, unique } from "../lib/dom.js";
import { pageHref } from "../lib/names.js";
import { makeTable } from "../lib/table.js";
import { exact, when } from "../lib/time.js";
import { figure, plural } from "../lib/words.js";
import { act, auditHref, counted, credential, times, tokenId } from "./words.js";

/** While new ones come, the oldest leave the window; the next page has them. */
const MOST = 500;

/** @param {string} key @param {string} value */
const only = (key, value) => h("a.small", { href: auditHref({ [key]: value }), "aria-label": `only these: ${key} ${value}` }, "only these");

/** @param {string} key @param {string} value @param {Child} [shown] @returns {Child} */
const withOnly = (key, value, shown = value) => value && [shown, " ", only(key, value)];

/** A robot is told apart by its slash. @param {string} actor */
function actorHref(actor) {
  const [organization, robot] = actor.split("/");
  return robot ? path`/organizations/${organization}/robots/${robot}` : path`/people/${actor}`;
}

/** @param {Api.AuditRecord} record */
function actor(record) {
  const shown = record.actorId ? h("a", { href: actorHref(record.actor) }, record.actor) : record.actor;
  return withOnly("actor", record.actor, shown);
}

/**
 * The page of an access token, by its id; of a robot, its own.
 * @param {string} owner @param {string} id
 */
const tokenHref = (owner, id) => (owner.includes("/") ? actorHref(owner) : path`/people/${owner}/access-tokens/${id}`);

/** @param {Api.AuditRecord} record */
function shownCredential(record) {
  const id = tokenId(record.credential);
  if (!id) return withOnly("credential", record.credential, credential(record.credential));
  const label = h("a", { href: tokenHref(record.actor, id) }, record.credentialLabel || "access token");
  return [`${credential(record.credential)} `, label, " ", h("code.small", id), " ", only("credential", id)];
}

/** @param {Api.AuditRecord} record */
function token({ accessToken, action, object }) {
  if (!accessToken) return null;
  const { id, label, owner } = accessToken;
  // Of a robot the object is its user name.
  const [name] = object.split(" ");
  return [h("a", { href: tokenHref(action.startsWith("robot.") && name.includes("/") ? name : owner, id) }, label || id), ` of ${owner} `, h("code.small", id), " ", only("token", id)];
}

/** @param {Api.AuditRecord} record */
function account({ account: it, action }) {
  if (!it) return null;
  const href = action.startsWith("organization.") || action.startsWith("team.") ? path`/organizations/${it.name}` : path`/people/${it.name}`;
  return withOnly("account", it.name, h("a", { href }, it.name));
}

/** @param {Api.AuditRecord} record */
function repository({ repository: it }) {
  if (!it) return null;
  const [namespace, ...rest] = it.name.split("/");
  const name = rest.length ? { namespace, name: rest.join("/") } : { namespace: "_", name: namespace };
  return withOnly("object", it.name, h("a", { href: pageHref(name) }, it.name));
}

/** @param {Api.AuditRecord} record */
function count({ count, summed, firstTime, time }) {
  if (count === 1) return "1";
  const span = firstTime ? ` from ${exact(firstTime)} to ${exact(time)}` : "";
  return `${times(count)} ${summed ? "something of the kind" : "the same"}${span}`;
}

/** @param {Api.RemovedRecords} removed */
const removed = ({ count, first, last }) => `${plural(count, "record")}, from number ${figure(first)} to ${figure(last)}`;

/** @param {Api.AuditRecord} record */
function details(record) {
  return facts([
    ["Number", figure(record.seq)],
    ["Time", exact(record.time)],
    ["Action", withOnly("action", record.action, h("code", record.action))],
    ["Object", withOnly("object", record.object, h("code", record.object))],
    ["Account", account(record)],
    ["Repository", repository(record)],
    ["Access token", token(record)],
    ["Actor", actor(record)],
    ["Actor's id", record.actorId && h("code", record.actorId)],
    ["Credential", shownCredential(record)],
    ["Address", record.address],
    ["Outcome", withOnly("outcome", record.outcome)],
    ["Reason", record.reason],
    ["Count", count(record)],
    ["Removed", record.removed && removed(record.removed)],
    ["Hash", h("code", record.hash)],
  ]);
}

/** @param {Api.AuditRecord} record */
const outcome = (record) => (record.outcome === "denied" ? badge("denied", "bad") : h("span.quiet", record.outcome));

/** @param {Api.AuditRecord} record */
function source(record) {
  const label = record.credentialLabel ? `“${record.credentialLabel}”` : credential(record.credential);
  const from = record.address && `from ${record.address}`;
  return [h("small", label), from && h("small.address", from)];
}

/** @type {Column<{ record: Api.AuditRecord, toggle: Node }>[]} */
const COLUMNS = [
  { label: "Action", isName: true, cell: ({ record, toggle }) => [toggle, h("small.mono", record.action)] },
  { label: "Object", cell: ({ record }) => [record.object ? h("code", record.object) : h("span.quiet", "—"), record.accessToken?.label && h("small", `“${record.accessToken.label}”`)] },
  { label: "Actor", cell: ({ record }) => [record.actor, source(record)] },
  { label: "Outcome", cell: ({ record }) => outcome(record) },
  { label: "When", cell: ({ record }) => [when(record.time), record.count > 1 && h("small", counted(record))] },
];

/**
 * One record: its row, and below it the row with its details, which are drawn once it is unfolded.
 * @param {ReturnType<typeof makeTable<{ record: Api.AuditRecord, toggle: Node }>>} table @param {Api.AuditRecord} record @param {(seq: number | null) => void} told
 */
function recordRow(table, record, told) {
  const id = unique("record");
  const toggle = h("button.unfold", { type: "button", "aria-expanded": "false", "aria-controls": id }, h("span", act(record.action)));
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
