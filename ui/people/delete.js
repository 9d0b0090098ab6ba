// Owns the dialog that deletes a user, with the repositories or without them: then they have no owner.
//
// Exports
//   deletePart(context, account)     the section of the user's page

import { list, removeNoting } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, h, path } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { plural } from "../lib/words.js";

/** @param {number} count */
const CHOICES = (count) => [
  ["keep", "Leave them without owner", "Only administrators and those with access of their own reach them then"],
  ["delete", `Delete ${count === 1 ? "it" : "them"}, too`, "With the images, where dockpass reaches the registry"],
];

/** @param {WholeAccount} account @param {AbortSignal} signal */
async function countOf(account, signal) {
  const { count } = await list("/api/v0/repositories", { query: { owner: account.name, pageSize: 1, count: true }, signal });
  return count ?? 0;
}

/** @param {WholeAccount} account @param {boolean} isOwn */
function bodyFor(account, isOwn) {
  return [
    isOwn ? "This is you: you are signed out at once." : `${account.name} is signed out at once.`,
    "Access tokens, memberships and access go with the account. There is no way back; a new account of that name gets none of it.",
  ];
}

/** @param {Context} context @param {WholeAccount} account */
async function askDelete(context, account) {
  const count = await countOf(account, context.signal);
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
    h("p", "The account, its access tokens and its access go. To stop it for a while, switch “Is active” off instead."),
    button("Delete", { kind: "danger", onclick }), trouble));
}
