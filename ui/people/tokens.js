// Owns the tab with a user's access tokens.
//
// Exports
//   tokensTab(context, account)     its nodes

import { isAbort, readAll, remove } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, h, linkButton } from "../lib/dom.js";
import { focusHeading } from "../lib/focus.js";
import { say } from "../lib/notice.js";
import { plural } from "../lib/words.js";
import { cleanUp, EVER } from "../tokens/dialogs.js";
import { tokenList } from "../tokens/list.js";
import { newHref, TOKENS } from "../tokens/token.js";
import { stoppedWith, stopsForGood } from "./robots.js";

/** One request takes all that were used, or made, at any time. @param {string} username @param {number} count @param {AbortSignal} signal */
async function revokeAll(username, count, signal) {
  /** @type {Api.ApiToken[]} */
  const robots = await readAll(TOKENS, { query: { secretby: username }, signal });
  if (signal.aborted) return false;
  const gone = await ask({
    title: `Revoke all access tokens of ${username}?`,
    body: [
      `${plural(count, "access token")} and those that they made for ${username} are refused at once; those that they made for others stay. There is no way back. The password stays valid.`,
      stopsForGood(stoppedWith(robots, username)),
    ],
    typed: "revoke",
    confirm: "Revoke all",
    kind: "danger primary",
    act: () => remove(TOKENS, { query: { username, usedbefore: EVER, generatedby: "all" } }),
  });
  if (gone) say(`${plural(gone.length, "access token")} revoked`);
  return gone !== null;
}

/** @param {Context} context @param {WholeAccount} account */
export async function tokensTab(context, { name }) {
  let count = 0;
  /** @param {boolean} isDone */
  const after = async (isDone) => {
    trouble.textContent = "";
    if (!isDone) return;
    await made.reload();
    focusHeading({ scrolls: true });
  };
  const trouble = h("p.error", { role: "alert" });
  /** @param {any} error */
  const fail = (error) => void (!isAbort(error) && (trouble.textContent = error.message));
  const make = linkButton("New access token", newHref(name, context.session));
  const clean = button("Clean up", { onclick: async () => after(await cleanUp(name, context.signal)) });
  const revoke = h("section.after", h("h2", "Revoke"), h("div.stack.tight",
    h("p", "After the loss of a machine, or when somebody leaves: ends all access tokens at once."),
    button("Revoke all", { kind: "danger", onclick: () => revokeAll(name, count, context.signal).then(after, fail) }), trouble));
  const made = await tokenList(context, name, {
    empty: `${name} has no access tokens. One takes the place of the password wherever that is asked for, and can be stopped alone.`,
    tools: [make, clean],
    loaded: (tokens) => {
      count = tokens.length;
      for (const it of [make, clean, revoke]) it.hidden = count === 0;
    },
  });
  return [made.node, revoke];
}
