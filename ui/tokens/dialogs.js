// Owns the dialogs that change access tokens: delete, clean up, rotate.
//
// Exports
//   deleteTokens(tokens)      true if any was deleted, also where the others were not
//   cleanUp(username, left)   true once something was deleted; left is the signal of the page
//   endOverlap(token)         true once the old secret of a rotation has ended
//   rotate(token)             the answer with the new secret, or null; previousUntil is null where nothing overlaps

import { isAbort, isGone, post, readAll, remove } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { deletedOf, stepError, stepwise } from "../lib/stepwise.js";
import { dayOf, isNever, startOf, when } from "../lib/time.js";
import { figure, plural } from "../lib/words.js";
import { TOKENS } from "./token.js";

const SHOWN = 200;

/** @param {Api.ApiToken[]} tokens */
function names(tokens) {
  const more = tokens.length - SHOWN;
  return h("ul.scroll", { tabindex: tokens.length > 6 ? "0" : null, "aria-label": "Access tokens" }, tokens.slice(0, SHOWN).map((it) => h("li", h("b", it.tokenLabel), h("span.quiet", " · ", isNever(it.lastUsed) ? "never used" : ["used ", when(it.lastUsed)]))),
    more > 0 && h("li.quiet", `and ${figure(more)} more`));
}

/**
 * Deletes one after the other, and notes each; one that is gone already counts as deleted.
 * @param {Api.ApiToken[]} tokens @param {Set<Api.ApiToken>} done @param {(done: number) => boolean} goesOn
 */
async function removeAll(tokens, done, goesOn) {
  for (const token of tokens.filter((it) => !done.has(it))) {
    if (!goesOn(done.size)) return;
    await remove(`${TOKENS}/${token.hashedToken}`).catch((error) => {
      if (!isGone(error)) throw stepError(error, token.tokenLabel, tokens.length);
    });
    done.add(token);
  }
}

/** @param {Api.ApiToken[]} tokens */
export async function deleteTokens(tokens) {
  const steps = stepwise("Deleted so far");
  /** @type {Set<Api.ApiToken>} */
  const done = new Set();
  const what = tokens.length === 1 ? "this access token" : plural(tokens.length, "access token");
  await ask({
    title: `Delete ${what}?`,
    body: [names(tokens), "Whatever uses it is refused at once, and so is what it made. There is no way back.", steps.node],
    typed: "delete",
    confirm: "OK",
    kind: "danger primary",
    stop: steps.stop,
    act: () => steps.run(tokens.length, (goesOn) => removeAll(tokens, done, goesOn)),
  });
  if (done.size > 0) say(tokens.length === 1 ? "Access token deleted" : deletedOf(done.size, tokens.length, "access token"));
  return done.size > 0;
}

/** @param {number} days */
const daysAgo = (days) => dayOf(new Date(Date.now() - days * 86_400_000));

/**
 * The preview of a clean-up, renewed with every change of the date: a field without input, valid once it fits the date.
 * @param {string} username @param {AbortSignal} left
 */
function preview(username, left) {
  const node = h("div.stack.tight", { role: "status" });
  let asking = new AbortController();
  const trouble = h("p.error", { role: "alert" });
  /** @type {{ date: string | null, count: number }} */
  let told = { date: null, count: 0 };
  /** @param {string} date @param {Api.ApiToken[]} found */
  const draw = (date, found) => {
    told = { date, count: found.length };
    node.replaceChildren(
      h("p", found.length ? `${plural(found.length, "access token")} would be deleted:` : "No access token would be deleted."),
      found.length ? names(found) : "", trouble);
  };
  /** @param {string} date */
  const show = async (date) => {
    asking.abort();
    told = { date: null, count: 0 };
    trouble.textContent = "";
    const signal = AbortSignal.any([left, (asking = new AbortController()).signal]);
    try {
      const usedbefore = startOf(date);
      draw(date, usedbefore ? await readAll(TOKENS, { query: { username, usedbefore, generatedby: "all" }, signal }) : []);
    } catch (error) {
      if (!isAbort(error)) node.replaceChildren(h("p.error", error.message), trouble);
    }
  };
  /** @param {string} date */
  const check = (date) => {
    if (told.date !== date) return "What it would delete is still being looked up.";
    return told.count > 0 ? null : "There is nothing to delete. Choose a later date, or cancel.";
  };
  return { node, show, check, fail: (/** @type {string | null | undefined} */ text) => (trouble.textContent = text ?? "") };
}

/** @param {string} username @param {AbortSignal} left */
export async function cleanUp(username, left) {
  const before = field({
    name: "usedbefore", label: "Not used since", type: "date", value: daysAgo(90), max: daysAgo(0), required: true,
    check: (date) => (startOf(date) ? null : "Choose a date."),
    hint: "A token that was never used counts by when it was created.",
  });
  const shown = preview(username, left);
  await shown.show(before.value);
  if (left.aborted) return false;
  before.onchange(shown.show);
  const removed = await ask({
    title: "Clean up access tokens",
    body: [],
    fields: [before, {
      name: "preview", node: shown.node, value: null, fail: shown.fail, focus: before.focus, check: () => shown.check(before.value),
    }],
    typed: "delete",
    confirm: "OK",
    kind: "danger primary",
    act: ({ usedbefore }) => remove(TOKENS, { query: { username, usedbefore: startOf(usedbefore), generatedby: "all" } }),
  });
  if (removed === null) return false;
  say(`${plural(removed.length, "access token")} deleted`);
  return true;
}

const UNTIL_USED = "used";
const OVERLAPS = [["0", "Nothing: it stops at once"], ["3600", "1 hour"], ["86400", "1 day"], ["604800", "7 days"], [UNTIL_USED, "Until the new one is used, 7 days at most"]];

/** Ends the old secret of a rotation; true once it is done. @param {Api.ApiToken} token */
export async function endOverlap(token) {
  const done = await ask({
    title: "End the old secret?",
    body: `What still uses the old secret of “${token.tokenLabel}” is refused at once. The new one stays.`,
    confirm: "End it",
    act: () => remove(`${TOKENS}/${token.hashedToken}/overlap`),
  });
  if (done !== null) say("The old secret has ended");
  return done !== null;
}

/** @param {Api.ApiToken} token @returns {Promise<Api.NewApiToken | null>} */
export async function rotate(token) {
  const overlap = field({
    name: "overlap", label: "How long the old secret works on", type: "select", options: OVERLAPS, value: "0",
    hint: "An overlap lets you replace it where it is used without a gap. Until it is used is for one consumer alone.",
  });
  const mayRenew = token.expiresAt !== null && !token.temporaryPassword;
  const renew = field({
    name: "renew", label: "Let it live as long again", type: "switch", value: false,
    hint: "From now on; at most as long as this site lets one live.",
  });
  return ask({
    title: "Rotate this access token?",
    body: `“${token.tokenLabel}” gets a new secret. Description and access stay.`,
    fields: mayRenew ? [overlap, renew] : [overlap],
    confirm: "Rotate",
    act: async (values) => {
      const lasts = values.overlap === UNTIL_USED ? { untilUsed: true } : { overlap: Number(values.overlap) };
      /** @satisfies {Api.RotateApiToken} */
      const body = { ...lasts, ...(values.renew && { renew: true }) };
      const made = await post(`${TOKENS}/${token.hashedToken}/rotate`, { body });
      // Without an overlap the API tells the moment itself, which is past already.
      return lasts.overlap === 0 ? { ...made, previousUntil: null } : made;
    },
  });
}
