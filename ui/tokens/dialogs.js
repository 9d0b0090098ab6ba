// Owns the dialogs that change access tokens: delete, deactivate, activate, clean up.
//
// Exports
//   deleteTokens(tokens), deactivateTokens(tokens), activateTokens(tokens)
//                             true if that was done with any, also where it was not with the others
//   EVER                      the last moment that there is, for clean-ups of all
//   cleanUp(username, left)   true once something was deleted; left is the signal of the page
//   deleteExpired(whose, left)      the same of all that have expired, of a user or of everybody, as the API's query

import { isAbort, isGone, list, patch, readAll, remove } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { doneOf, stepError, stepwise } from "../lib/stepwise.js";
import { dayOf, isNever, startOf, when } from "../lib/time.js";
import { figure, plural } from "../lib/words.js";
import { oneApi, state, TOKENS } from "./token.js";

const SHOWN = 200;

/** @param {Api.ApiToken[]} tokens */
function names(tokens) {
  const more = tokens.length - SHOWN;
  return h("ul.scroll", { tabindex: tokens.length > 6 ? "0" : null, "aria-label": "Selected" }, tokens.slice(0, SHOWN).map(nameLine),
    more > 0 && h("li.quiet", `and ${figure(more)} more`));
}

/** @param {Api.ApiToken} token */
const nameLine = (token) =>
  h("li", h("b", token.tokenLabel), h("span.quiet", ` · ${state(token).word} · `, isNever(token.lastUsed) ? "never used" : ["used ", when(token.lastUsed)]));

/**
 * What is done with one access token after the other, and how that is told.
 * @typedef {object} Deed
 * @property {string} verb "Delete", of the question and the button
 * @property {string} done "deleted"
 * @property {(it: string) => string} effect what follows from it; "it" or "them"
 * @property {(path: string) => Promise<unknown>} act
 * @property {string} [typed] the word that is to be typed first
 */

/** What they are called together. @param {Api.ApiToken[]} tokens */
const wordOf = (tokens) => (tokens.every((it) => it.robot) ? "robot" : "access token");

/** @param {Deed} deed @param {Api.ApiToken[]} tokens */
async function doEach({ verb, done: word, effect, act, typed }, tokens) {
  const isOne = tokens.length === 1;
  const what = wordOf(tokens);
  const steps = stepwise(`${word[0].toUpperCase()}${word.slice(1)} so far`);
  /** @type {Set<Api.ApiToken>} */
  const done = new Set();
  // Each is noted; one that is gone already counts as done.
  /** @param {(done: number) => boolean} goesOn */
  const each = async (goesOn) => {
    for (const token of tokens.filter((it) => !done.has(it))) {
      if (!goesOn(done.size)) return;
      await act(oneApi(token)).catch((error) => {
        if (!isGone(error)) throw stepError(error, token.tokenLabel, tokens.length);
      });
      done.add(token);
    }
  };
  await ask({
    title: `${verb} ${isOne ? `this ${what}` : plural(tokens.length, what)}?`,
    body: [names(tokens), effect(isOne ? "it" : "them"), steps.node],
    ...(typed ? { typed, confirm: "OK", kind: "danger primary" } : { confirm: verb }),
    stop: steps.stop,
    act: () => steps.run(tokens.length, each),
  });
  if (done.size > 0) say(isOne ? `${what[0].toUpperCase()}${what.slice(1)} ${word}` : doneOf(done.size, tokens.length, what, word));
  return done.size > 0;
}

/** @param {Api.ApiToken[]} tokens */
export const deleteTokens = (tokens) => doEach({
  verb: "Delete", done: "deleted", typed: "delete", act: (path) => remove(path),
  effect: (it) => `Whatever uses ${it} is refused at once, and so are access tokens made with ${it}. There is no way back.`,
}, tokens);

/** @param {Api.ApiToken[]} tokens */
export const deactivateTokens = (tokens) => doEach({
  verb: "Deactivate", done: "deactivated", act: (path) => patch(path, { body: { isActive: false } }),
  effect: (it) => `Whatever uses ${it} is refused at once, and so are access tokens made with ${it}, until you activate ${it} again.`,
}, tokens);

/** @param {Api.ApiToken[]} tokens */
export const activateTokens = (tokens) => doEach({
  verb: "Activate", done: "activated", act: (path) => patch(path, { body: { isActive: true } }),
  effect: (it) => `Whoever has the secret can use ${it} again. What has expired stays expired.`,
}, tokens);

/** @param {number} days */
const daysAgo = (days) => dayOf(new Date(Date.now() - days * 86_400_000));

/**
 * The last moment that the server knows: neither a wrong clock here nor one that was wrong there spares a token, and an earlier
 * one would spare those that hold robots.
 */
export const EVER = "9999-12-31T23:59:59.999Z";

const UNUSED = "unused";
const EXPIRED = "expired";

/**
 * What a clean-up takes, as the API's query; null while there is no date.
 * @param {CleanUpChoice} choice
 */
function selection({ which, usedbefore }) {
  if (which === EXPIRED) return { usedbefore: EVER, state: EXPIRED, generatedby: "all" };
  const since = startOf(usedbefore);
  return since && { usedbefore: since, generatedby: "all" };
}

/**
 * The preview of a clean-up, renewed with every change of the choice: a field without input, valid once it fits the choice.
 * @param {string} username @param {AbortSignal} left
 */
function preview(username, left) {
  const node = h("div.stack.tight", { role: "status" });
  let asking = new AbortController();
  const trouble = h("p.error", { role: "alert" });
  /** @type {{ choice: string | null, count: number }} */
  let told = { choice: null, count: 0 };
  /** @param {CleanUpChoice} choice @param {Api.ApiToken[]} found */
  const draw = (choice, found) => {
    told = { choice: JSON.stringify(choice), count: found.length };
    node.replaceChildren(
      h("p", found.length ? `${plural(found.length, "access token")} would be deleted:` : "No access token would be deleted."),
      found.length ? names(found) : "", trouble);
  };
  /** @param {CleanUpChoice} choice */
  const show = async (choice) => {
    asking.abort();
    told = { choice: null, count: 0 };
    trouble.textContent = "";
    const signal = AbortSignal.any([left, (asking = new AbortController()).signal]);
    try {
      const which = selection(choice);
      draw(choice, which ? await readAll(TOKENS, { query: { username, ...which }, signal }) : []);
    } catch (error) {
      if (!isAbort(error)) node.replaceChildren(h("p.error", error.message), trouble);
    }
  };
  /** @param {CleanUpChoice} choice */
  const check = (choice) => {
    if (told.choice !== JSON.stringify(choice)) return "What it would delete is still being looked up.";
    if (told.count > 0) return null;
    return choice.which === EXPIRED ? "Nothing has expired. Choose a date instead, or cancel." : "There is nothing to delete. Choose a later date, or cancel.";
  };
  return { node, show, check, fail: (/** @type {string | null | undefined} */ text) => (trouble.textContent = text ?? "") };
}

/** @param {string} username @param {AbortSignal} left */
export async function cleanUp(username, left) {
  const which = field({
    name: "which", label: "What to delete", type: "radio", value: UNUSED,
    options: [[UNUSED, "What was not used since a date"], [EXPIRED, "All that have expired"]],
  });
  const before = field({
    name: "usedbefore", label: "Not used since", type: "date", value: daysAgo(90), max: daysAgo(0), "aria-required": "true",
    check: (date) => (which.value === EXPIRED || startOf(date) ? null : "Choose a date."),
    hint: "A token that was never used counts by when it was created.",
  });
  const shown = preview(username, left);
  const choice = () => ({ which: which.value, usedbefore: before.value });
  await shown.show(choice());
  if (left.aborted) return false;
  before.onchange(() => shown.show(choice()));
  which.onchange(() => {
    before.node.hidden = which.value === EXPIRED;
    shown.show(choice());
  });
  const removed = await ask({
    title: "Clean up access tokens",
    body: [],
    fields: [which, before, {
      name: "preview", node: shown.node, value: null, fail: shown.fail, focus: which.focus, check: () => shown.check(choice()),
    }],
    typed: "delete",
    confirm: "OK",
    kind: "danger primary",
    act: () => remove(TOKENS, { query: { username, ...selection(choice()) } }),
  });
  if (removed === null) return false;
  say(`${plural(removed.length, "access token")} deleted`);
  return true;
}

/**
 * They may be too many to name.
 * @param {NonNullable<RequestOptions["query"]>} whose @param {AbortSignal} left
 */
export async function deleteExpired(whose, left) {
  const query = { ...whose, usedbefore: EVER, state: EXPIRED, generatedby: "all" };
  const { count } = await list(TOKENS, { query: { ...query, pageSize: 1, count: true }, signal: left });
  if (left.aborted) return false;
  if (!count) {
    say("No access token to delete: none has expired, but for robots");
    return false;
  }
  let done = 0;
  await ask({
    title: `Delete ${plural(count, "expired access token")} of ${whose.username ?? "everybody"}?`,
    body: "They are refused already. There is no way back. Robots stay.",
    typed: "delete",
    confirm: "OK",
    kind: "danger primary",
    act: async () => {
      // Of everybody's, one request takes those of some accounts.
      for (let some = 1; some > 0 && !left.aborted;) {
        some = (await remove(TOKENS, { query })).length;
        done += some;
      }
    },
  });
  if (done > 0) say(`${plural(done, "access token")} deleted`);
  return done > 0;
}
