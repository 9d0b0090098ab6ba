// Owns the one display of a new secret: the text with its copy button, and ready lines for the clients. The secret lives in
// this display only; `Done` ends it, and so does whatever else takes the page away.
//
// Exports
//   showSecret(context, made, { title, done, path, warning, first })
//        made      the answer of create or rotate: it has the secret in `token`
//        title     heading; done: href where Done leads; warning: what the server doubts, or null
//        path      of the access token in the API, which is asked for the first use
//        first     the client whose lines are in front, or null
//      → the nodes of the page; it asks before the person leaves without Done
//   secretField(label, secret, warning)     the text with its copy button
//   shownOnce(context, { title, done, held, nodes })      the nodes of a page with a secret: `held` is the reason to ask
//                                           before the person leaves without Done, which leads to `done`
//   wipeWhenLeft(context, node, href)       empties a node with a secret as soon as the page is left; href leads on from there

import { copyButton } from "../lib/copy.js";
import { button, h, head, unique } from "../lib/dom.js";
import { exact } from "../lib/time.js";
import { connect } from "./connect.js";
import { firstUse } from "./first-use.js";
import { userName } from "./token.js";

const HELD = "The secret is not shown again. Copy it first, or leave without it.";

/** @param {string} label @param {string} secret @param {Child} warning */
export function secretField(label, secret, warning) {
  const id = unique("secret");
  const input = h("input.input", { id, value: secret, readonly: true, spellcheck: "false", autocomplete: "off", onfocus: () => input.select() });
  return h("div.field.wide", h("label", { for: id }, label),
    h("div.secret", input, copyButton("Copy", () => secret, input)),
    h("p.note.error", warning));
}

/** @param {Api.NewApiToken} made */
function oldSecret({ previousUntil, previousUntilUsed }) {
  if (!previousUntil) return "The old secret no longer works.";
  return previousUntilUsed ? `The old secret works until the new one is used, at the latest until ${exact(previousUntil)}.` : `The old secret works until ${exact(previousUntil)}.`;
}

/**
 * @param {Context} context @param {Api.NewApiToken} made
 * @param {{ title: string, done: string, path: string, warning?: string | null, first?: string | null }} options
 */
export function showSecret(context, made, { title, done, path, warning = null, first = null }) {
  return shownOnce(context, { title, done, held: HELD, nodes: [
    secretField(made.robot ? `Secret of ${userName(made)}` : "Access token", made.token, "It is not shown again. Keep it where only its user reads it."),
    warning && h("p.note", warning),
    made.previousHashedToken && h("p", oldSecret(made)),
    firstUse(context, path),
    h("section.wide", h("h2", "Connect"), connect(context, { username: userName(made), label: made.tokenLabel, id: made.id, secret: made.token, first })),
  ] });
}

/** @param {Context} context @param {{ title: string, done: string, held: string, nodes: Child }} page @returns {Node[]} */
export function shownOnce(context, { title, done, held, nodes }) {
  context.hold(held);
  const leave = () => {
    context.hold(null);
    context.go(done, { replace: true });
  };
  const page = h("div.stack", nodes, button("Done", { kind: "primary", onclick: leave }));
  wipeWhenLeft(context, page, done);
  return [...head(title), page];
}

/**
 * The browser may keep the page as it is and show it again at Back: not with a secret on it.
 * @param {Context} context @param {HTMLElement} node @param {string} href where it goes on
 */
export function wipeWhenLeft(context, node, href) {
  const leave = () => {
    context.hold(null);
    node.replaceChildren(h("p", "You left this page, and what it showed is not shown again. ", h("a", { href }, "Go on")));
  };
  addEventListener("pagehide", leave, { signal: context.signal });
  context.signal.addEventListener("abort", () => node.replaceChildren());
}
