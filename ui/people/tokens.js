// Owns the tab with a user's access tokens.
//
// Exports
//   tokensTab(context, account)     its nodes

import { remove } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, h, linkButton } from "../lib/dom.js";
import { focusHeading } from "../lib/focus.js";
import { say } from "../lib/notice.js";
import { plural } from "../lib/words.js";
import { cleanUp } from "../tokens/dialogs.js";
import { tokenList } from "../tokens/list.js";
import { newHref, TOKENS } from "../tokens/token.js";

/** The last day that the server knows: neither a wrong clock here nor one that was wrong there spares a token. */
const EVER = "9999-12-31";

/** One request takes all that were used, or made, at any time. @param {string} username @param {number} count */
async function revokeAll(username, count) {
  const gone = await ask({
    title: `Revoke all access tokens of ${username}?`,
    body: `${plural(count, "access token")} and whatever they made are refused at once. There is no way back. The password stays.`,
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
    if (!isDone) return;
    await made.reload();
    focusHeading({ scrolls: true });
  };
  const clean = button("Clean up", { onclick: async () => after(await cleanUp(name, context.signal)) });
  const revoke = h("section.after", h("h2", "Revoke"), h("div.stack.tight",
    h("p", "A lost machine, a person who left: all access tokens at once."),
    button("Revoke all", { kind: "danger", onclick: async () => after(await revokeAll(name, count)) })));
  const made = await tokenList(context, name, {
    empty: `${name} has no access tokens. One stands wherever the password is asked, and can be stopped alone.`,
    tools: [linkButton("New access token", newHref(name, context.session)), clean],
    loaded: (tokens) => {
      count = tokens.length;
      revoke.hidden = count === 0;
    },
  });
  return [made.node, revoke];
}
