// Owns the part of a user's page about the password: what it is, another one, a temporary one for a user who is locked out.
//
// Exports
//   passwordPart(context, account, changed)     → { node, tell(account) }; changed(account) is told of a new password

import { post } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, h, linkButton, path } from "../lib/dom.js";
import { whose } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { newPassword } from "./page-password.js";
import { passwordWord } from "./state.js";
import { askTemporary } from "./temporary.js";

/** @param {WholeAccount} account @returns {Promise<WholeAccount | null>} */
async function setPassword(account) {
  const changed = await ask({
    title: `Set the password of ${account.name}`,
    body: ["The user is signed out, and asked to replace this password at the next sign-in. Access tokens stay.",
      !account.hasPassword && `${account.name} is a service account. With a password it becomes an ordinary user.`].filter(Boolean),
    fields: [whose(account.name), newPassword({ required: true })],
    confirm: "Set password",
    act: ({ newPassword: fresh }) => post(path`/enzi/v0/accounts/${account.name}/changePassword`, { body: /** @satisfies {Api.ChangePassword} */ ({ newPassword: fresh }) }),
  });
  if (changed) say("Password set");
  return changed;
}

/**
 * Actions that the session may not take are explained instead of offered.
 * @param {Context} context @param {() => WholeAccount} present @param {(account: WholeAccount) => void} changed
 */
function ways(context, present, changed) {
  const { session } = context;
  const account = present();
  if (account.name === session.username) return linkButton("Change password", "/profile/password");
  const isByToken = session.credential !== "password";
  const set = async () => {
    const after = await setPassword(present());
    if (after) changed(after);
  };
  return [
    h("div.row",
      button("Temporary password", { onclick: () => askTemporary(context, account), disabled: isByToken }),
      button("Set password", { onclick: set, disabled: isByToken && account.isAdmin })),
    h("p.quiet.small", isByToken
      ? "You signed in with an access token. To give a temporary password, or to set the password of an administrator, sign in with your own."
      : account.hasPassword
        ? "Forgotten? With a temporary password the user chooses a new one that you never see."
        : "With a temporary password its owner chooses a first one that you never see."),
  ];
}

/** @param {Context} context @param {WholeAccount} account @param {(account: WholeAccount) => void} changed */
export function passwordPart(context, account, changed) {
  let present = account;
  const word = h("p", passwordWord(account));
  const node = h("section", h("h2", "Password"), h("div.stack.tight", word, ways(context, () => present, changed)));
  /** @param {WholeAccount} after */
  const tell = (after) => {
    present = after;
    word.textContent = passwordWord(after);
  };
  return { node, tell };
}
