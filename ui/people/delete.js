// Owns the dialog that deletes a user, with the repositories or without them: then they have no owner.
//
// Exports
//   deletePart(context, account)     the section of the user's page
//   countOf(name, signal)            how many repositories a user owns

import { list, removeNoting } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, h, path } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { plural } from "../lib/words.js";

/** @param {number} count */
const CHOICES = (count) => [
  ["keep", "Keep them without an owner", "Only administrators and people with their own access reach them"],
  ["delete", `Delete ${count === 1 ? "it" : "them"}`, "Images, too, if dockpass can delete in the registry"],
];

/** @param {string} name @param {AbortSignal} signal */
export async function countOf(name, signal) {
  const { count } = await list("/api/v0/repositories", { query: { owner: name, pageSize: 1, count: true }, signal });
  return count ?? 0;
}

/** @param {WholeAccount} account @param {boolean} isOwn */
function bodyFor(account, isOwn) {
  return [
    isOwn ? "This is you: you are signed out at once." : `${account.name} is signed out at once.`,
    "The account's access tokens, memberships and access are deleted with it. This cannot be undone; a new account of the same name gets none of it.",
  ];
}

/** @param {Context} context @param {WholeAccount} account */
async function askDelete(context, account) {
  const count = await countOf(account.name, context.signal);
  const isOwn = account.name === context.session.username;
  const choice = count > 0 && field({
    name: "repositories", label: `${plural(count, "repository", "repositories")} of ${account.name}`, type: "radio", options: CHOICES(count), value: "keep",
  });
  const done = await ask({
    title: `Delete ${account.name}?`,
    body: bodyFor(account, isOwn),
    fields: choice ? [choice] : [],
    typed: "delete",
    confirm: "OK",
    kind: "danger primary",
    act: ({ repositories }) => removeNoting(repositories === "delete" ? path`/api/v0/accounts/${account.name}` : path`/enzi/v0/accounts/${account.name}`),
  });
  if (done === null) return;
  say(`${account.name} deleted. ${done.warning ?? ""}`.trim());
  await context.go("/people", { replace: true });
}

/** @param {Context} context @param {WholeAccount} account */
export function deletePart(context, account) {
  const trouble = h("p.error", { role: "alert" });
  const onclick = () => askDelete(context, account).catch((error) => (trouble.textContent = error.message));
  return h("section", h("h2", "Delete"), h("div.stack.tight",
    h("p", "Deletes the account with its access tokens and access. To block it for a while, switch “Is active” off instead."),
    button("Delete", { kind: "danger", onclick }), trouble));
}
