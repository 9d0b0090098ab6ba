// Owns the open sessions of an account: which there are, ending one, signing out everywhere.
//
// Exports
//   sessionsOf(context, name)     the section, which draws itself: one's own, or for administrators another's
//   opener(session)               by what it was opened

import { get, remove } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { badge, button, h, path } from "../lib/dom.js";
import { focusHeading } from "../lib/focus.js";
import { field } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { signOut } from "../lib/session.js";
import { makeTable } from "../lib/table.js";
import { when } from "../lib/time.js";
import { plural } from "../lib/words.js";
import { whole } from "../lib/growing.js";
import { agent } from "../tokens/token.js";

/** @param {string} name */
const api = (name) => path`/api/v0/accounts/${name}/sessions`;

/** @param {Api.AccountSession} session */
export const opener = ({ credential, tokenLabel }) => (credential === "password" ? "with the password" : `with the access token “${tokenLabel ?? "deleted"}”`);

/** @param {(session: Api.AccountSession) => void} end @returns {Column<Api.AccountSession>[]} */
const columns = (end) => [
  { label: "Browser", isName: true, cell: (it) => [agent(it.userAgent), it.isThis && [" ", badge("this one", "good")], h("small", opener(it))] },
  { label: "Last used", cell: (it) => [when(it.lastUsed), it.lastUsedIp && h("small", `from ${it.lastUsedIp}`)] },
  { label: "Signed in", cell: (it) => when(it.createdAt) },
  { label: "Ends", cell: (it) => [when(it.expiresAt), h("small", "if it is not used")] },
  {
    label: "", isEnd: true, cell: (it) => !it.isThis &&
      h("div.doings", button("End", { kind: "plain", "aria-label": `End the session in ${agent(it.userAgent)}`, onclick: () => end(it) })),
  },
];

/** @param {string} name @param {Api.AccountSession} session */
const askEnd = (name, session) => ask({
  title: "End this session?",
  body: `${agent(session.userAgent)}${session.lastUsedIp ? `, last used from ${session.lastUsedIp}` : ""}. It is signed out at once; nothing else ends.`,
  confirm: "End",
  kind: "danger primary",
  act: () => remove(`${api(name)}${path`/${session.id}`}`),
});

/** Signs out all sessions; of one's own, this one only on wish. @param {string} name @param {boolean} isOwn */
async function everywhere(name, isOwn) {
  const here = field({ name: "here", label: "Sign out here, too", type: "checkbox" });
  const done = await ask({
    title: isOwn ? "Sign out everywhere?" : `Sign ${name} out everywhere?`,
    body: `All ${isOwn ? "other " : ""}sessions end at once. Access tokens go on working.`,
    fields: isOwn ? [here] : [],
    confirm: "Sign out",
    kind: "danger primary",
    act: async (values) => {
      /** @type {Api.EndedSessions} */
      const { ended } = await remove(api(name));
      return { ended, here: values.here };
    },
  });
  if (done?.here) await signOut();
  else if (done) say(`${plural(done.ended, "session")} ended`);
  return done !== null;
}

/** @param {Context} context @param {string} name */
export function sessionsOf(context, name) {
  const section = h("section");
  const draw = () => {
    const again = () => {
      if (context.signal.aborted) return;
      draw();
      focusHeading();
    };
    const node = whole(context, async (signal) => {
      /** @type {Api.AccountSession[]} */
      const sessions = await get(api(name), { signal });
      const made = makeTable({ label: "Sessions", columns: columns(async (it) => (await askEnd(name, it)) !== null && again()) });
      made.body.append(...sessions.map((it) => made.row({}, it)));
      const isAny = sessions.some((it) => !it.isThis);
      const isOwn = sessions.some((it) => it.isThis);
      const all = button("Sign out everywhere", { kind: "danger", onclick: async () => (await everywhere(name, isOwn)) && again() });
      return [
        sessions.length === 0 ? h("p.quiet", `${name} is signed in nowhere.`) : h("div.list", h("div", made.node)),
        isAny && h("div.below", all),
      ];
    });
    section.replaceChildren(h("h2", "Sessions"), node);
  };
  draw();
  return section;
}
