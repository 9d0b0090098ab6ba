// Owns the one display of a new secret: the text with its copy button, and ready lines for the clients. The secret lives in
// this display only; `Done` ends it, and so does whatever else takes the page away.
//
// Exports
//   showSecret(context, made, { title, done, warning })
//        made      the answer of create or rotate: it has the secret in `token`
//        title     heading; done: href where Done leads; warning: what the server doubts, or null
//      → the nodes of the page; it asks before the person leaves without Done
//   secretField(label, secret, warning)     the text with its copy button
//   shownOnce(context, { title, done, held, nodes })      the nodes of a page with a secret: `held` is the reason to ask
//                                           before the person leaves without Done, which leads to `done`

import { block, copyButton, downloadButton } from "../lib/copy.js";
import { button, h, head, unique } from "../lib/dom.js";
import { exact } from "../lib/time.js";
import { hostField, registryHost } from "../registry/host.js";
import { CLIENTS } from "./lines.js";

const HELD = "The secret is not shown again. Copy it first, or leave without it.";

/** @param {string} label @param {string} secret @param {Child} warning */
export function secretField(label, secret, warning) {
  const id = unique("secret");
  const input = h("input.input", { id, value: secret, readonly: true, spellcheck: "false", autocomplete: "off", onfocus: () => input.select() });
  return h("div.field.wide", h("label", { for: id }, label),
    h("div.secret", input, copyButton("Copy", () => secret, input)),
    h("p.note.error", warning));
}

/** @param {typeof CLIENTS[number]} client @param {LineFacts} facts */
function panel(client, facts) {
  return client.steps(facts).map((step) => {
    if (step.text) return h("p", step.text);
    const { file, content, code = "" } = step;
    return file && content ? h("p", downloadButton(`Download ${file}`, file, "application/yaml", content)) : block(code);
  });
}

/** Tabs of the clients; left and right move between them. @param {() => LineFacts} facts */
function lines(facts) {
  const id = unique("client");
  const body = h("div.lines", { role: "tabpanel", id });
  const tabs = CLIENTS.map((client) => h("button", {
    type: "button", role: "tab", "aria-controls": id, onclick: () => choose(client),
  }, client.name));
  let present = CLIENTS[0];
  /** @param {typeof CLIENTS[number]} client @param {boolean} [takesFocus] */
  const choose = (client, takesFocus = false) => {
    present = client;
    tabs.forEach((tab, place) => {
      const isPresent = CLIENTS[place] === client;
      tab.setAttribute("aria-selected", String(isPresent));
      tab.tabIndex = isPresent ? 0 : -1;
      if (isPresent && takesFocus) tab.focus();
    });
    body.setAttribute("aria-label", client.name);
    body.replaceChildren(...panel(client, facts()));
  };
  const list = h("div.tabs", {
    role: "tablist", "aria-label": "Ready lines",
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
      if (step) choose(CLIENTS[(CLIENTS.indexOf(present) + step + CLIENTS.length) % CLIENTS.length], true);
    },
  }, tabs);
  choose(present);
  return { node: h("div.wide", list, body), draw: () => choose(present) };
}

/**
 * The ready lines, with a field for the registry's host, which need not be that of these pages.
 * @param {Api.NewApiToken} made
 */
function clients(made) {
  const facts = () => ({ host: registryHost(), username: made.username, secret: made.token, origin: location.origin });
  const shown = lines(facts);
  const host = hostField(shown.draw);
  return h("section.wide", h("h2", "Use it"), h("div.stack", h("div.half", host.node), shown.node));
}

/** @param {Api.NewApiToken} made */
function oldSecret({ previousUntil, previousUntilUsed }) {
  if (!previousUntil) return "The old secret works no longer.";
  return previousUntilUsed ? `The old secret works until the new one is used, at the latest until ${exact(previousUntil)}.` : `The old secret works until ${exact(previousUntil)}.`;
}

/**
 * @param {Context} context @param {Api.NewApiToken} made
 * @param {{ title: string, done: string, warning?: string | null }} options
 */
export function showSecret(context, made, { title, done, warning = null }) {
  return shownOnce(context, { title, done, held: HELD, nodes: [
    secretField("Access token", made.token, "It is not shown again. Keep it where only its user reads it."),
    warning && h("p.note", warning),
    made.previousHashedToken && h("p", oldSecret(made)),
    clients(made),
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
  // The browser may keep the page as it is and show it again at Back: not with this on it.
  const wipe = () => page.replaceChildren();
  addEventListener("pagehide", wipe, { signal: context.signal });
  context.signal.addEventListener("abort", wipe);
  return [...head(title), page];
}
