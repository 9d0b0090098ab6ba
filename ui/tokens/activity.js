// Owns the section that says what an access token, a robot or an account did, and what was done to it: for itself, its owner
// and administrators. Each of them gets from the API what may be told.
//
// Exports
//   activity(context, path, { audit, token, actor, signIns })     the section, which draws itself
//       path       the API's path of the token, the robot or the account, without /activity
//       audit      the filter of the audit log that finds the same; administrators get links to it
//       token      the token's id: with which credential is said where it is another
//       actor      whose it is: who acted is said where it is somebody else
//       signIns    whether sign-ins can be chosen alone
//   subject(record)     what it was done to, as people say it; nothing if that is told already

import { list as read } from "../lib/api.js";
import { badge, button, h, linkButton } from "../lib/dom.js";
import { growing } from "../lib/growing.js";
import { when, withDays } from "../lib/time.js";
import { act, auditHref, counted, credential, tokenId } from "../audit/words.js";

const SIZE = 20;

/** What can be chosen: its key in the address, its words, the API's query. @type {[key: string, words: string, query: Record<string, string>][]} */
const CHOICES = [
  ["", "Everything", {}],
  ["sign-ins", "Sign-ins", { action: "account.signIn" }],
  ["refused", "Refused", { outcome: "denied" }],
];

/** @typedef {{ audit?: Record<string, string>, token?: string, actor?: string, signIns?: boolean }} Options */

/** An id says nothing to people. */
const ID = /\b[0-9A-HJKMNP-TV-Z]{26}\b/g;

/** @param {{ action: string, object: string, actor: string }} record */
export function subject({ action, object, actor }) {
  const text = object.replace(ID, "").trim();
  return text === actor && /^(account|token|session|robot)\./.test(action) ? "" : text;
}

/** @param {string} text */
const sentence = (text) => text[0].toUpperCase() + text.slice(1);

/** @param {Api.OwnRecord} record @param {Options} options */
function from(record, { token, actor }) {
  const id = tokenId(record.credential);
  const label = record.credentialLabel ? `“${record.credentialLabel}”` : credential(record.credential);
  const isItself = id !== null && id === token;
  const who = [record.actor !== actor && record.actor, !isItself && label].filter(Boolean).join(", ");
  return [record.address || h("span.quiet", "—"), who && h("small", who)];
}

/** @param {Api.OwnRecord} record */
function outcome({ outcome, reason }) {
  if (outcome !== "denied") return h("span.quiet", "done");
  return [badge("refused", "bad"), reason && h("small", sentence(withDays(reason)))];
}

/** @param {Context} context @param {Options} options @returns {Column<Api.OwnRecord>[]} */
function columns({ session }, options) {
  const { audit } = options;
  /** @param {Api.OwnRecord} it */
  const what = (it) => (session.isAdmin && audit ? h("a", { href: auditHref({ ...audit, action: it.action }) }, act(it.action)) : act(it.action));
  return [
    { label: "What", isName: true, cell: (it) => [what(it), subject(it) && h("small.mono", subject(it))] },
    { label: "When", cell: (it) => [when(it.time), it.count > 1 && h("small", counted(it))] },
    { label: "From", cell: (it) => from(it, options) },
    { label: "Outcome", cell: outcome },
  ];
}

/**
 * What is shown stands in the address.
 * @param {Context} context @param {typeof CHOICES} choices @param {() => void} changed
 */
function chooser(context, choices, changed) {
  const present = () => choices.find(([key]) => key === (context.query.get("activity") ?? "")) ?? choices[0];
  const node = h("div.row.choices", { role: "group", "aria-label": "Show" });
  const buttons = choices.map(([key, words]) => button(words, {
    kind: "small",
    onclick: () => {
      context.setQuery({ activity: key || null });
      tell();
      changed();
    },
  }));
  const tell = () => buttons.forEach((it, place) => it.setAttribute("aria-pressed", String(choices[place] === present())));
  node.append(...buttons);
  tell();
  return { node, query: () => present()[2] };
}

/** @param {Context} context @param {string} whose @param {Options} [options] */
export function activity(context, whose, options = {}) {
  const { audit, token, signIns = false } = options;
  const chosen = chooser(context, CHOICES.filter(([key]) => signIns || key !== "sign-ins"), () => table.again());
  const table = growing({
    context,
    label: "Recent activity",
    columns: columns(context, options),
    empty: "Nothing. What happens is shown here within half a minute.",
    size: SIZE,
    read: async ({ start, size, signal }) => {
      const query = { ...chosen.query(), pageStart: start, pageSize: size };
      /** @type {{ body: Api.OwnRecords, next: string | null }} */
      const { body, next } = await read(`${whose}/activity`, { query, signal });
      return { rows: body.records, next };
    },
  });
  const all = context.session.isAdmin && audit && linkButton("Audit log", auditHref(audit));
  return h("section.brief", h("h2", "Recent activity"), h("div.row.choosing", chosen.node, all), table.node,
    token !== undefined && h("p.small.quiet", "Pulls and pushes that went through are listed only if the server records them; refused ones always."));
}
