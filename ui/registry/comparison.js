// Owns the comparison of what dockpass knows with what the registry holds: its state, start and stop, progress.
//
// Exports
//   comparisonPart(context, state)     the section; follows a comparison that is at work

import { get, isAbort, post, remove } from "../lib/api.js";
import { badge, button, facts, h } from "../lib/dom.js";
import { when, whenExactly } from "../lib/time.js";
import { figure, plural } from "../lib/words.js";

const STATE = "/api/v0/admin/registry";
const SYNC = "/api/v0/admin/registry/sync";
const EVERY = 1_000;

/** @type {Record<string, [word: string, kind: string]>} */
const WORDS = { done: ["done", "good"], running: ["running", ""], failed: ["failed", "bad"], stopped: ["stopped", ""], never: ["never", ""] };

/** How many of those that a comparison left out are shown. */
const NAMED = 10;

/** @param {number} count */
const repositories = (count) => plural(count, "repository", "repositories");

/** @param {Api.Comparison} it @returns {[string, Child][]} */
function counted(it) {
  /** @param {string} label @param {number} count @param {string} [hint] @returns {[string, Child]} */
  const entry = (label, count, hint) => [label, count > 0 && [figure(count), hint && h("span.quiet", ` · ${hint}`)]];
  /** @type {[string, Child][]} */
  const entries = [
    entry("Compared", it.compared),
    entry("New here", it.adopted),
    entry("Changed", it.changed, "tags were added, removed or moved"),
    entry("Gone", it.gone, "the registry no longer has any of their tags"),
    entry("Deleted here", it.deleted, "the registry still lists them; they stay deleted here"),
    entry("Not read", it.failed, "the registry did not answer for them; nothing was changed"),
    entry("Tags not read", it.unreadTags, "the same"),
    ["Left out", it.leftOut.length > 0 && h("ul", it.leftOut.slice(0, NAMED).map(leftOut))],
  ];
  return entries.filter(([, value]) => value);
}

/** @param {Api.LeftOut} it */
const leftOut = ({ repository, tag, reason }) => h("li", `${repository}${tag ? `:${tag}` : ""} `, h("span.quiet", reason));

/** @param {Api.Comparison} it */
function known(it) {
  const [word, kind] = WORDS[it.state] ?? [it.state, ""];
  return facts([
    ["State", badge(word, kind)],
    ["Why", it.error && h("span.danger", it.error)],
    ["Began", it.startedAt && when(it.startedAt)],
    ["Ended", it.finishedAt && whenExactly(it.finishedAt)],
    ...counted(it),
  ]);
}

/** @param {Api.Comparison} it */
function progress(it) {
  // What is new to dockpass is not in its estimate: beyond that, nobody knows how much is left.
  const share = it.compared < it.known ? it.compared / it.known : null;
  const told = share === null ? `${repositories(it.compared)} compared` : `${figure(it.compared)} of about ${repositories(it.known)} compared`;
  // Without a value the bar says that work goes on, and not how much is left.
  const bar = h("progress", { max: 1, "aria-label": "Compared so far" });
  if (share !== null) bar.value = share;
  return [bar, h("p.quiet", told)];
}

const FOUND_NOTHING = "Reads the registry's catalogue: takes over repositories that dockpass does not know, and marks those that are gone. This can take a while; you may leave the page.";

/** @param {Context} context @param {Api.RegistryState} state */
export function comparisonPart(context, state) {
  let timer = 0;
  let isRunning = false;
  const told = h("div.stack.tight.wide");
  const trouble = h("p.error", { role: "alert", hidden: true });
  const status = h("p.unseen", { role: "status" });

  /** @param {any} error */
  const fail = (error) => {
    if (isAbort(error)) return;
    trouble.hidden = !error;
    trouble.textContent = error?.message ?? "";
  };
  /** @param {{ comparison: Api.Comparison | null }} state */
  const draw = ({ comparison }) => {
    if (!comparison) return;
    const isNow = comparison.state === "running";
    if (isRunning !== isNow) status.textContent = isNow ? "Comparison running" : `Comparison ${comparison.state}`;
    isRunning = isNow;
    told.replaceChildren(known(comparison), ...(isNow ? progress(comparison) : []));
    act.textContent = isNow ? "Stop" : "Compare now";
    clearTimeout(timer);
    if (isNow) timer = setTimeout(ask, EVERY);
  };
  const ask = async () => {
    try {
      draw(await get(STATE, { signal: context.signal }));
      fail(null);
    } catch (error) {
      fail(error);
      if (!isAbort(error)) timer = setTimeout(ask, EVERY * 5);
    }
  };
  const act = button("Compare now", {
    onclick: async () => {
      fail(null);
      try {
        draw(await (isRunning ? remove(SYNC) : post(SYNC)));
      } catch (error) {
        fail(error);
      }
    },
  });
  context.signal.addEventListener("abort", () => clearTimeout(timer));
  draw(state);
  return h("section", h("h2", "Comparison"), h("div.stack.tight", h("p.quiet.prose", FOUND_NOTHING), told, act, trouble, status));
}
