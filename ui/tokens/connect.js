// Owns Connect: ready lines for each client, one tab each, with the registry's real host. Where dockpass does not know it, the
// lines have HOST, and who can set it is told.
//
// Exports
//   connect(context, { username, repository, tag, mayPull, mayPush, label, id, secret, first })    a node
//       username      who signs in: a user, or a robot as ORG/NAME
//       repository    its full name, for lines that pull and push it, as far as the person may: mayPull, mayPush; tag is one
//                     of its tags
//       label, id     the description of the access token that the lines are for, and its id
//       secret        its secret, where it is known: it goes into files that one downloads, into no line
//       first         the key of the client (lines.js) that stands in front; otherwise the one that was chosen last

import { get, isAbort, post } from "../lib/api.js";
import { block, downloadButton } from "../lib/copy.js";
import { button, h, unique } from "../lib/dom.js";
import { isNarrowed } from "../lib/narrowed.js";
import { current, refresh, registryHost } from "../lib/session.js";
import { CLIENTS } from "./lines.js";
import { newHref } from "./token.js";

const CHOSEN = "dockpass.client";
const SETTINGS = "/api/v0/meta/settings";

/**
 * Tabs, of which one is in front; left, right, Home and End move between them. `draw` gives what the one of a place shows.
 * @param {{ label: string, names: string[], first?: number, draw: (place: number) => Child, chosen?: (place: number) => void }} options
 */
function tabbed({ label, names, first = 0, draw, chosen = () => {} }) {
  const id = unique("panel");
  const body = h("div.lines", { role: "tabpanel", id });
  const tabs = names.map((name, place) => h("button", { type: "button", role: "tab", "aria-controls": id, onclick: () => choose(place) }, name));
  let present = first;
  /** @param {number} place @param {boolean} [takesFocus] */
  const show = (place, takesFocus = false) => {
    present = place;
    tabs.forEach((tab, other) => {
      tab.setAttribute("aria-selected", String(other === place));
      tab.tabIndex = other === place ? 0 : -1;
    });
    if (takesFocus) tabs[place].focus();
    body.setAttribute("aria-label", names[place]);
    body.replaceChildren(.../** @type {any[]} */ ([draw(place)]).flat(Infinity).filter(Boolean));
  };
  /** @param {number} place @param {boolean} [takesFocus] */
  const choose = (place, takesFocus) => {
    chosen(place);
    show(place, takesFocus);
  };
  const onkeydown = (/** @type {KeyboardEvent} */ event) => {
    const last = tabs.length - 1;
    const next = { ArrowRight: present < last ? present + 1 : 0, ArrowLeft: present > 0 ? present - 1 : last, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    // Home and End would scroll the page.
    event.preventDefault();
    choose(next, true);
  };
  show(first);
  return { node: h("div.wide", h("div.tabs", { role: "tablist", "aria-label": label, onkeydown }, tabs), body), again: () => show(present) };
}

/** @param {[name: string, code: string][]} shells */
const perShell = (shells) => tabbed({ label: "Shells", names: shells.map(([name]) => name), draw: (place) => block(shells[place][1]) }).node;

/** @param {LineStep} step @returns {Child} */
function stepNode({ text, code, shells, file, content }) {
  if (text) return h("p", [text].flat().map((part) => (typeof part === "string" ? part : h("code", part.code))));
  if (shells) return perShell(shells);
  if (file && content) return h("p", downloadButton(`Download ${file}`, file, "application/yaml", content));
  return block(code ?? "");
}

/**
 * What clients call the registry is theirs to choose: only an administrator takes it, by a click.
 * @param {Context} context @param {() => void} changed
 */
function proposal({ signal }, changed) {
  const node = h("span", { role: "status" });
  const trouble = h("span.error", { role: "alert" });
  /** @param {string} host */
  const take = async (host) => {
    try {
      await post(SETTINGS, { body: { registryPublicHost: host } });
      await refresh();
      if (!signal.aborted) changed();
    } catch (error) {
      if (!isAbort(error)) trouble.textContent = error.message;
    }
  };
  const look = async () => {
    /** @type {Api.Settings} */
    const { registryPublicHostSeen: seen } = await get(SETTINGS, { signal, mayEnd: false });
    if (seen) node.replaceChildren("Clients call it ", h("code", seen), ". ", button(`Use ${seen}`, { onclick: () => take(seen) }), " ", trouble);
  };
  // Without the proposal the link is still there.
  look().catch((error) => isAbort(error) || console.error(error));
  return node;
}

/** Who can set the host that the lines lack. @param {Context} context @param {() => void} changed */
function unknownHost(context, changed) {
  if (current()?.registryHost) return null;
  const { isAdmin } = context.session;
  return h("p.quiet", "dockpass does not know the registry’s address yet: put it in the place of ", h("code", registryHost()), ". ",
    isAdmin ? [h("a", { href: "/settings" }, "Set it for everybody"), ". ", proposal(context, changed)] : "An administrator can set it for everybody.");
}

/** A purpose (purpose.js) has the key of its client, but for one. @param {string} key */
const purposeOf = (key) => (key === "docker" || key === "podman" ? "computer" : key);

/**
 * Machines get an access token of their own: a link that makes one for this repository.
 * @param {Context} context @param {string} username @param {string} repository @param {string} client
 */
function tokenLink({ session }, username, repository, client) {
  if (isNarrowed(session) || username !== session.username) return null;
  const pattern = repository.includes("/") ? repository : `_/${repository}`;
  const query = new URLSearchParams({ for: purposeOf(client), repository: pattern });
  return h("p", h("a", { href: `${newHref(username, session)}?${query}` }, "New access token for this repository"));
}

/** @param {Context} context @param {ConnectOptions} options @returns {HTMLElement} */
export function connect(context, { username, repository = null, tag = null, mayPull = true, mayPush = false, label = null, id = null, secret = null, first = null }) {
  // curl asks the API, and has nothing to do with the images of a repository.
  const clients = CLIENTS.filter((it) => !(repository && it.isForApi));
  const wanted = first ?? localStorage.getItem(CHOSEN);
  /** @returns {LineFacts} */
  const facts = () => ({
    host: registryHost(), username, repository, tag: tag ?? "latest", mayPull, mayPush, label, id, secret, origin: location.origin,
  });
  const { node, again } = tabbed({
    label: "Clients",
    names: clients.map(({ name }) => name),
    first: Math.max(0, clients.findIndex(({ key }) => key === wanted)),
    draw: (place) => [clients[place].steps(facts()).map(stepNode), repository && tokenLink(context, username, repository, clients[place].key)],
    chosen: (place) => localStorage.setItem(CHOSEN, clients[place].key),
  });
  const told = h("div");
  const tell = () => {
    const unknown = unknownHost(context, tell);
    told.hidden = unknown === null;
    told.replaceChildren(unknown ?? "");
    again();
  };
  tell();
  return h("div.stack.tight.wide", told, node);
}
