// Owns the page /audit: the audit log, newest first. Filter, page, unfolded record and following stand in the address.
// For administrators.
//
// Exports
//   list      the page; ?actor, action, object, account, token, outcome, since, until, within, start, record, follow

import { isAbort, list as read } from "./api.js";
import { exporter } from "./audit-export.js";
import { asked, filterPart, isFiltered } from "./audit-filter.js";
import { follow } from "./audit-follow.js";
import { headPart } from "./audit-head.js";
import { recordsTable } from "./audit-records.js";
import { button, h, head, linkButton } from "./dom.js";

const API = "/api/v0/audit";
const SIZE = 50;
const STEP = 200;
/** Beyond so many pages of new records, the list is drawn anew instead of extended. */
const MOST_STEPS = 5;

/** What one request finds: with a filter that finds little, that may be nothing although older records fit. */
async function readStep(query, start, size, signal) {
  const { body, next } = await read(API, { query: { ...query, pageStart: start, pageSize: size }, signal });
  return { records: body.records, next };
}

/** A whole page, or what there is. */
async function readPage(query, start, size, signal) {
  let { records, next } = await readStep(query, start, size, signal);
  while (next && records.length < size) {
    const more = await readStep(query, next, size - records.length, signal);
    records = [...records, ...more.records];
    next = more.next;
  }
  return { records, next };
}

/** The records after this number, newest first; null if there are too many. */
async function newer(query, seq, signal) {
  const found = [];
  let start = null;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const { records, next } = await readStep(query, start, STEP, signal);
    const fresh = records.filter((it) => it.seq > seq);
    found.push(...fresh);
    if (fresh.length < records.length || !next || Number(next) <= seq) return found;
    start = next;
  }
  return null;
}

/** The record that the address names, if the shown page lacks it: the one below the next number. */
async function linked(query, records, signal) {
  const seq = Number(query.get("record"));
  if (!Number.isSafeInteger(seq) || seq < 1 || records.some((it) => it.seq === seq)) return null;
  const { records: [found] } = await readPage({}, seq + 1, 1, signal);
  return found?.seq === seq ? found : null;
}

function pager(context) {
  const node = h("div.list");
  const to = (start) => {
    const query = new URLSearchParams(context.query);
    for (const key of ["start", "record", ...(start ? ["follow"] : [])]) query.delete(key);
    if (start) query.set("start", start);
    return `/audit?${query}`.replace(/\?$/, "");
  };
  const show = (next) => {
    const links = [context.query.get("start") && linkButton("Newest", to(null)), next && linkButton("Older", to(next))].filter(Boolean);
    node.replaceChildren(...(links.length ? [h("div.pages", links)] : []));
  };
  return { node, show };
}

function emptyNode(context) {
  return isFiltered(context.query)
    ? h("div.empty", h("p", "No record fits this filter. Actor, action and object must be written out in full."), linkButton("Show all", "/audit"))
    : h("div.empty", h("p", "No records here. Sign-ins and refusals are written every half minute, changes at once."), linkButton("Newest", "/audit"));
}

function troubleNode(error, again) {
  return h("div.stack.tight", h("p.error", { role: "alert" }, error.message), button("Try again", { onclick: again }));
}

async function render(context) {
  const { query } = context;
  const table = recordsTable(context);
  const pages = pager(context);
  const above = h("div");
  const empty = h("div");
  let next = null;
  let loading = new AbortController();

  const show = (page, one, instead) => {
    next = page.next;
    table.set(page.records);
    pages.show(next);
    const single = one && recordsTable(context);
    single?.set([one]);
    above.replaceChildren(...(single ? [h("h2.small.quiet", `Record ${one.seq.toLocaleString("en")}`), single.node] : []));
    above.className = single ? "linked" : "";
    empty.replaceChildren(...(instead ? [instead] : []));
  };
  /** Drops earlier answers, and follows nothing from rows that are about to go. */
  const load = async () => {
    loading.abort();
    loading = new AbortController();
    following.rest();
    const signal = AbortSignal.any([context.signal, loading.signal]);
    const page = await readPage(asked(query), query.get("start"), SIZE, signal);
    const one = await linked(query, page.records, signal);
    signal.throwIfAborted();
    show(page, one, page.records.length === 0 && emptyNode(context));
    following.goOn();
  };
  // An error of the filter stands beside its field, whether the value was typed or came with the address.
  const tried = () => load().catch((error) => {
    if (error.status !== 400) throw error;
    show({ records: [], next: null });
    filter.fail(error);
  });
  /** The rows before belong to another filter: they do not stay below an error. */
  const again = () => tried().catch((error) => isAbort(error) || show({ records: [], next: null }, null, troubleNode(error, again)));
  const filter = filterPart(context, again);
  const end = await headPart(context.signal);
  const following = follow({
    context,
    read: (signal) => newer(asked(query), table.newest()?.seq ?? 0, signal),
    take: (records) => {
      empty.replaceChildren();
      const isSeen = table.prepend(records);
      end.reload().catch(() => {});
      if (next || table.isFull()) pages.show(String(table.oldest().seq));
      return isSeen;
    },
  });
  const exported = exporter(context, () => asked(query));
  await tried();
  return [
    ...head("Audit", { actions: [following.button, exported.button] }),
    exported.node, filter.node, following.node, above, table.node, empty, pages.node, end.node,
  ];
}

export const list = { title: "Audit", render };
