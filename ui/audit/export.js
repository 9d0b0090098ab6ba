// Owns the export of the audit log: one record a line (NDJSON), with the present filter, read page by page.
//
// Exports
//   exporter(context, asked)     → { button, node }; asked() gives the API's query

import { ApiError, get, isAbort, raw } from "../lib/api.js";
import { save } from "../lib/copy.js";
import { button, h } from "../lib/dom.js";
import { say } from "../lib/notice.js";
import { plural } from "../lib/words.js";

const TYPE = "application/x-ndjson";
const PAGE = 5_000;
const LINE = 10;

/**
 * One page: its bytes as they are, how many lines, and where the next one begins.
 * @param {RequestOptions["query"]} query @param {string | null} start @param {AbortSignal} signal
 */
async function readPage(query, start, signal) {
  const response = await raw("/api/v0/audit", { query: { ...query, pageSize: PAGE, pageStart: start }, signal, accept: TYPE });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const count = bytes.reduce((sum, byte) => sum + (byte === LINE ? 1 : 0), 0);
  return { bytes, count, next: response.headers.get("X-Next-Page-Start") || null };
}

/**
 * The records are numbered downwards, so the next page's start tells how far it is.
 * @param {RequestOptions["query"]} query @param {AbortSignal} signal
 * @param {(count: number, share: number) => void} progress
 */
async function readAll(query, signal, progress) {
  /** @type {Api.AuditHead} */
  const { seq: whole } = await get("/api/v0/audit/head", { signal });
  const parts = [];
  let count = 0;
  let next = null;
  do {
    const page = await readPage(query, next, signal);
    parts.push(page.bytes);
    count += page.count;
    next = page.next;
    progress(count, whole === 0 || next === null ? 1 : 1 - Number(next) / whole);
  } while (next);
  return { parts, count };
}

const fileName = () => `dockpass-audit-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.ndjson`;

/** @param {Context} context @param {() => RequestOptions["query"]} asked */
export function exporter(context, asked) {
  const bar = h("progress", { max: 1, "aria-label": "Exported so far" });
  const told = h("p", { role: "status" });
  const stop = button("Stop");
  const panel = h("div.stack.tight.half", told, bar, stop);
  const trouble = h("p.error", { role: "alert", hidden: true });
  const node = h("div.export", panel, trouble);
  panel.hidden = true;

  const run = async () => {
    const ending = new AbortController();
    stop.onclick = () => ending.abort();
    const signal = AbortSignal.any([context.signal, ending.signal]);
    /** @param {number} count @param {number} share */
    const progress = (count, share) => {
      told.textContent = `Reading: ${plural(count, "record")}`;
      bar.value = share;
    };
    progress(0, 0);
    panel.hidden = false;
    context.hold("The export is not finished. Leaving stops it.");
    const { parts, count } = await readAll(asked(), signal, progress);
    save(fileName(), TYPE, parts);
    say(`${plural(count, "record")} exported`);
  };

  const onclick = async () => {
    made.setAttribute("aria-disabled", "true");
    trouble.hidden = true;
    try {
      await run();
    } catch (error) {
      if (isAbort(error)) return;
      trouble.textContent = error instanceof ApiError ? error.message : "The connection broke. Export again.";
      trouble.hidden = false;
    } finally {
      if (!context.signal.aborted) context.hold(null);
      if (panel.contains(document.activeElement)) made.focus();
      panel.hidden = true;
      made.setAttribute("aria-disabled", "false");
    }
  };
  const made = button("Export", { onclick, title: "Download what the filter selects, one record a line" });
  return { button: made, node };
}
