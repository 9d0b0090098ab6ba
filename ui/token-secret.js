// Owns the one display of a new secret: the text with its copy button, and ready lines for the clients. The secret lives in
// this display only; `Done` ends it, and so does whatever else takes the page away.
//
// Exports
//   showSecret(context, made, { title, done, warning })
//        made      the answer of create or rotate: it has the secret in `token`
//        title     heading; done: href where Done leads; warning: what the server doubts, or null
//      → the nodes of the page; it asks before the person leaves without Done
//   secretField(label, secret, warning)     the text with its copy button

import { block, copyButton, downloadButton } from "./copy.js";
import { button, h, head, unique } from "./dom.js";
import { hostField, registryHost } from "./registry-host.js";
import { exact } from "./time.js";
import { CLIENTS } from "./token-lines.js";

const HELD = "The secret is not shown again. Copy it first, or leave without it.";

export function secretField(label, secret, warning) {
  const id = unique("secret");
  const input = h("input.input", { id, value: secret, readonly: true, spellcheck: "false", autocomplete: "off", onfocus: () => input.select() });
  return h("div.field.wide", h("label", { for: id }, label),
    h("div.secret", input, copyButton("Copy", () => secret, input)),
    h("p.note.error", warning));
}

function panel(client, facts) {
  return client.steps(facts).map((step) => {
    if (step.text) return h("p", step.text);
    return step.file ? h("p", downloadButton(`Download ${step.file}`, step.file, "application/yaml", step.content)) : block(step.code);
  });
}

/** Tabs of the clients; left and right move between them. */
function lines(facts) {
  const id = unique("client");
  const body = h("div.lines", { role: "tabpanel", id });
  const tabs = CLIENTS.map((client) => h("button", {
    type: "button", role: "tab", "aria-controls": id, onclick: () => choose(client),
  }, client.name));
  let present = CLIENTS[0];
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
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) choose(CLIENTS.at((CLIENTS.indexOf(present) + step) % CLIENTS.length), true);
    },
  }, tabs);
  choose(present);
  return { node: h("div.wide", list, body), draw: () => choose(present) };
}

/** The ready lines, with a field for the registry's host, which need not be that of these pages. */
function clients(made) {
  const facts = () => ({ host: registryHost(), username: made.username, secret: made.token, origin: location.origin });
  const shown = lines(facts);
  const host = hostField(shown.draw);
  return h("section.wide", h("h2", "Use it"), h("div.stack", h("div.half", host.node), shown.node));
}

function oldSecret({ previousUntil, previousUntilUsed }) {
  if (!previousUntil) return "The old secret works no longer.";
  return previousUntilUsed ? `The old secret works until the new one is used, at the latest until ${exact(previousUntil)}.` : `The old secret works until ${exact(previousUntil)}.`;
}

export function showSecret(context, made, { title, done, warning = null }) {
  context.hold(HELD);
  const leave = () => {
    context.hold(null);
    context.go(done, { replace: true });
  };
  const page = h("div.stack",
    secretField("Access token", made.token, "It is not shown again. Keep it where only its user reads it."),
    warning && h("p.note", warning),
    made.previousHashedToken && h("p", oldSecret(made)),
    clients(made),
    button("Done", { kind: "primary", onclick: leave }));
  // The browser may keep the page as it is and show it again at Back: not with this on it.
  const wipe = () => page.replaceChildren();
  addEventListener("pagehide", wipe, { signal: context.signal });
  context.signal.addEventListener("abort", wipe);
  return [...head(title), page];
}
