// Owns the page /doctor: the examination of the whole site, each check with what was seen and what to do. For administrators.
//
// Exports
//   show                  the page
//   verdict(examination)  for its test: what it comes to, in a sentence

import { get, isAbort } from "../lib/api.js";
import { badge, button, h, head, troubleNode } from "../lib/dom.js";
import { makeTable } from "../lib/table.js";
import { when } from "../lib/time.js";
import { plural } from "../lib/words.js";

const API = "/api/v0/admin/doctor";

/** @type {Record<string, [word: string, kind: string]>} */
const STATES = { ok: ["ok", "good"], warning: ["look after", ""], failed: ["failed", "bad"] };

/** @param {Api.CheckState} state */
function stateOf(state) {
  if (state === "notApplicable") return h("span.quiet", "not applicable");
  const [word, kind] = STATES[state] ?? [state, ""];
  return badge(word, kind);
}

/** @param {Api.ExaminedCheck} it */
const seenOf = ({ seen, remedy }) => [h("p", seen), remedy && h("p.quiet", "To do: ", remedy)];

/** @type {Column<Api.ExaminedCheck>[]} */
const COLUMNS = [
  { label: "Check", isName: true, cell: (it) => it.title },
  { label: "State", cell: (it) => stateOf(it.state) },
  { label: "Seen", cell: seenOf },
];

/** @param {Pick<Api.Examination, "checks">} examination */
export function verdict({ checks }) {
  /** @param {Api.CheckState} state */
  const count = (state) => checks.filter((it) => it.state === state).length;
  const [failed, warned] = [count("failed"), count("warning")];
  if (failed + warned === 0) return "All is well.";
  const parts = [failed > 0 && `${plural(failed, "check")} failed`, warned > 0 && `${plural(warned, "thing")} to look after`];
  return `${parts.filter(Boolean).join(", ")}.`;
}

/** @param {Api.Examination} examination */
function told(examination) {
  const { checks, state, examinedAt } = examination;
  const table = makeTable({ label: "Checks", columns: COLUMNS });
  table.body.append(...checks.map((it) => table.row({ "data-state": it.state }, it)));
  return [
    h(`p.banner${state === "failed" ? ".bad" : ""}`, verdict(examination), h("span.quiet", " Examined ", when(examinedAt), ".")),
    h("div.list", table.node),
  ];
}

/** @param {Context} context */
async function render({ signal }) {
  const found = h("div");
  const status = h("p.quiet", { role: "status" });
  const examine = async () => {
    again.disabled = true;
    status.textContent = "Examining the site: this can take some seconds.";
    try {
      /** @type {Api.Examination} */
      const examination = await get(API, { signal });
      found.replaceChildren(...told(examination));
      status.textContent = "";
    } catch (error) {
      if (isAbort(error)) return;
      status.textContent = "";
      found.replaceChildren(troubleNode(/** @type {Error} */ (error), examine));
    } finally {
      again.disabled = false;
    }
  };
  const again = button("Examine again", { onclick: examine });
  examine();
  const lead = "What clients, the registry and the disk find, and what to do about it. Nothing is changed.";
  return [...head("Doctor", { lead, actions: again }), status, found];
}

/** @type {Page} */
export const show = { title: "Doctor", render };
