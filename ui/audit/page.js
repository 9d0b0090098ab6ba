// Owns the page /audit: the audit log, newest first. Filter, page, unfolded record and following stand in the address.
// For administrators.
//
// Exports
//   list      the page; ?actor, action, object, account, token, credential, outcome, since, until, within, start, record, follow

import { get, isAbort, list as read } from "../lib/api.js";
import { copyButton } from "../lib/copy.js";
import { facts, h, head, linkButton, troubleNode } from "../lib/dom.js";
import { figure } from "../lib/words.js";
import { exporter } from "./export.js";
import { asked, filterPart, isFiltered, likely } from "./filter.js";
import { follow } from "./follow.js";
import { recordsTable } from "./records.js";

const API = "/api/v0/audit";
const SIZE = 50;
const STEP = 200;
/** Beyond so many pages of new records, the list is drawn anew instead of extended. */
const MOST_STEPS = 5;

/**
 * What one request finds: with a filter that finds little, that may be nothing although older records fit.
 * @param {RequestOptions["query"]} query @param {string | number | null} start @param {number} size
 * @param {AbortSignal} signal
 */
async function readStep(query, start, size, signal) {
  /** @type {{ body: Api.AuditRecords, next: string | null, count: number | null }} */
  const { body, next } = await read(API, { query: { ...query, pageStart: start, pageSize: size }, signal });
  return { records: body.records, next };
}

/**
 * A whole page, or what there is.
 * @param {RequestOptions["query"]} query @param {string | number | null} start @param {number} size
 * @param {AbortSignal} signal
 */
async function readPage(query, start, size, signal) {
  let { records, next } = await readStep(query, start, size, signal);
  while (next && records.length < size) {
    const more = await readStep(query, next, size - records.length, signal);
    records = [...records, ...more.records];
    next = more.next;
  }
  return { records, next };
}

/**
 * The records after this number, newest first; null if there are too many.
 * @param {RequestOptions["query"]} query @param {number} seq @param {AbortSignal} signal
 */
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

/**
 * The record that the address names, if the shown page lacks it: the one below the next number.
 * @param {URLSearchParams} query @param {Api.AuditRecord[]} records @param {AbortSignal} signal
 */
async function linked(query, records, signal) {
  const seq = Number(query.get("record"));
  if (!Number.isSafeInteger(seq) || seq < 1 || records.some((it) => it.seq === seq)) return null;
  const { records: [found] } = await readPage({}, seq + 1, 1, signal);
  return found?.seq === seq ? found : null;
}

/** @param {Context} context */
function pager(context) {
  const node = h("div.list");
  /** @param {string | null} start */
  const to = (start) => {
    const query = new URLSearchParams(context.query);
    for (const key of ["start", "record", ...(start ? ["follow"] : [])]) query.delete(key);
    if (start) query.set("start", start);
    return `/audit?${query}`.replace(/\?$/, "");
  };
  /** @param {string | null} next */
  const show = (next) => {
    const links = [context.query.get("start") && linkButton("Newest", to(null)), next && linkButton("Older", to(next))].filter(Boolean);
    node.replaceChildren(...(links.length ? [h("div.pages", links)] : []));
  };
  return { node, show };
}

/** @param {Context} context @param {AbortSignal} signal */
function emptyNode({ query }, signal) {
  if (!isFiltered(query)) {
    return h("div.empty", h("p", "No records here. Sign-ins and refusals are written every half minute, changes at once."), linkButton("Newest", "/audit"));
  }
  const meant = h("p", { role: "status" });
  // A help: without it the sentence before says enough.
  likely(query, signal).then((found) => {
    const links = found.map(({ value, href }, place) => [place > 0 && ", ", h("a", { href }, value)]);
    if (!signal.aborted && links.length > 0) meant.append(h("span", "Names that contain it: ", links));
  }, () => {});
  return h("div.empty", h("p", "No record fits this filter. Actor, object and account are whole names."), meant, linkButton("Show all", "/audit"));
}

/**
 * The end of the chain, to be noted where somebody who changes the log cannot reach it: { node, reload() }.
 * @param {AbortSignal} signal
 */
async function headPart(signal) {
  /** @type {Pick<Api.AuditHead, "seq" | "hash">} */
  let head = { seq: 0, hash: "" };
  const told = h("div");
  const copy = copyButton("Copy both", () => `${head.seq}:${head.hash}`, told);
  const reload = async () => {
    head = await get("/api/v0/audit/head", { signal });
    told.replaceChildren(facts([["Number", figure(head.seq)], ["Hash", h("code", head.hash)]]));
  };
  await reload();
  const node = h("section.after", h("h2", "End of the log"), h("div.stack.tight",
    h("p.prose", "Each record's hash covers all records before it. Keep a copy of the last one elsewhere: on the server, ",
      h("code", "dockpass audit verify --head NUMBER:HASH"), " then tells whether the log was cut or replaced."),
    told, copy));
  return { node, reload };
}

/** @param {Context} context */
async function render(context) {
  const { query } = context;
  const table = recordsTable(context);
  const pages = pager(context);
  const above = h("div");
  const empty = h("div");
  /** @type {string | null} */
  let next = null;
  let loading = new AbortController();

  /**
   * @param {{ records: Api.AuditRecord[], next: string | null }} page @param {Api.AuditRecord | null} [one]
   * @param {Node | false | null} [instead]
   */
  const show = (page, one, instead) => {
    next = page.next;
    table.set(page.records);
    pages.show(next);
    const single = one ? recordsTable(context) : null;
    if (one) single?.set([one]);
    above.replaceChildren(...(one && single ? [h("h2.small.quiet", `Record ${figure(one.seq)}`), single.node] : []));
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
    show(page, one, page.records.length === 0 && emptyNode(context, signal));
    following.goOn();
  };
  // An error of the filter stands beside its field, whether the value was typed or came with the address.
  const tried = () => load().catch((error) => {
    if (error.status !== 400) throw error;
    show({ records: [], next: null });
    filter.fail(error);
  });
  /** The rows before belong to another filter: they do not stay below an error. @returns {Promise<unknown>} */
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
      if (next || table.isFull()) pages.show(String(table.oldest()?.seq));
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

/** @type {Page} */
export const list = { title: "Audit", render };
