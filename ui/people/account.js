// Owns the first tab of a user's page: name and switches to change, what is known, password, deletion.
//
// Exports
//   accountTab(context, account, changed)     its nodes; changed(account) is told of each change

import { patchNoting, remove } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, facts, h, path } from "../lib/dom.js";
import { focusHeading } from "../lib/focus.js";
import { field, form } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { exact, whenExactly } from "../lib/time.js";
import { figure } from "../lib/words.js";
import { deletePart } from "./delete.js";
import { passwordPart } from "./password.js";
import { isLocked } from "./state.js";

/** @param {WholeAccount} account */
function known(account) {
  return facts([
    ["Last sign-in", whenExactly(account.lastSignIn, { never: "not known" })],
    ["Access tokens", figure(account.tokensCount)],
    ["Created", whenExactly(account.createdAt)],
    ["Id", h("code", account.id)],
  ]);
}

/** Asks before the switches change one's own account; true to go on. @param {Partial<WholeAccount>} changes */
async function isMeant(changes) {
  const what = changes.isActive === false ? ["Deactivate yourself?", "You are signed out at once. Only another administrator can let you in again."]
    : ["Give up administration?", "Only another administrator can make you one again."];
  if (changes.isActive !== false && changes.isAdmin !== false) return true;
  return (await ask({ title: what[0], body: what[1], confirm: "OK", kind: "danger primary" })) !== null;
}

/** @param {Record<string, unknown>} values @param {WholeAccount} account */
const unlike = (values, account) => Object.fromEntries(Object.entries(values).filter(([key, value]) => value !== account[/** @type {keyof WholeAccount} */ (key)]));

/**
 * @param {Context} context @param {WholeAccount} account
 * @param {(present: WholeAccount, warning: string | null) => void} changed
 */
function editor(context, account, changed) {
  let present = account;
  const isOwn = account.name === context.session.username;
  // Making an administrator takes the password itself.
  const mayNot = !account.isAdmin && context.session.credential !== "password";
  const fields = [
    field({ name: "fullName", label: "Full name", value: account.fullName, autocomplete: "off" }),
    field({ name: "isActive", label: "Is active", type: "switch", value: account.isActive, hint: "When off, sign-in and access tokens are refused at once. Nothing is lost." }),
    field({ name: "isAdmin", label: "Is administrator", type: "switch", value: account.isAdmin, disabled: mayNot, hint: mayNot ? "To change this, sign in with your password." : "May do everything, everywhere." }),
  ];
  const { node } = form({
    fields,
    submit: "Save",
    hold: context.hold,
    onsubmit: async (values) => {
      const changes = unlike(values, present);
      if (isOwn && !(await isMeant(changes))) return false;
      let warning = null;
      if (Object.keys(changes).length > 0) {
        ({ body: present, warning } = await patchNoting(path`/enzi/v0/accounts/${account.name}`, { body: changes }));
      }
      say("Saved");
      // The navigation and every other page depend on the role. Deferred: the form has its answer then, and blocks nothing.
      if (isOwn && changes.isAdmin === false) return void setTimeout(() => location.assign("/"));
      fields.forEach((it) => it.fail(null));
      changed(present, warning);
    },
  });
  return node;
}

/** @param {WholeAccount} account @param {(present: WholeAccount) => void} changed */
function lock(account, changed) {
  if (!isLocked(account)) return null;
  const trouble = h("p.error", { role: "alert" });
  const unlock = async () => {
    try {
      await remove(path`/api/v0/accounts/${account.name}/lock`);
      say("Unlocked");
      changed({ ...account, lockedUntil: null });
      focusHeading({ scrolls: true });
    } catch (error) {
      trouble.textContent = error.message;
    }
  };
  return h("div.banner.bad", h("div.stack.tight",
    h("p", "Locked: after several wrong passwords, sign-in by password is refused until ", exact(account.lockedUntil ?? ""), ". Access tokens and open sessions keep working."),
    button("Unlock", { onclick: unlock }), trouble));
}

/** @param {Context} context @param {WholeAccount} account @param {(present: WholeAccount) => void} changed */
export function accountTab(context, account, changed) {
  const banner = h("div");
  // Access tokens that others made, after a promotion: it stays, for their names are in it.
  const noted = h("div", { role: "status" });
  const told = h("section");
  // Text typed elsewhere on the page, and the focus, stay.
  /** @param {WholeAccount} present @param {string | null} [warning] */
  const tell = (present, warning = null) => {
    noted.replaceChildren(warning ? h("div.banner.bad", h("p", warning)) : "");
    banner.replaceChildren(lock(present, tell) ?? "");
    told.replaceChildren(h("h2", "Details"), known(present));
    password.tell(present);
    changed(present);
  };
  const password = passwordPart(context, account, tell);
  tell(account);
  return [banner, noted, h("section", editor(context, account, tell)), told, password.node, deletePart(context, account)];
}
