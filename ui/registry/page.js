// Owns the page /registry: how a registry is connected, and how it stands. For administrators.
//
// Exports
//   show      the page; ?tab=configuration

import { get } from "../lib/api.js";
import { block } from "../lib/copy.js";
import { facts, h, head, linkButton, tabsOf } from "../lib/dom.js";
import { whenExactly } from "../lib/time.js";
import { figure } from "../lib/words.js";
import { isHeardOf } from "../people/attention.js";
import { certificatesPart } from "./certificates.js";
import { comparisonPart } from "./comparison.js";
import { configurationTab } from "./configuration.js";
import { gatewayPart, warnings } from "./gateway.js";

const URL_SETTING = '[registry]\nurl = "http://127.0.0.1:5000"';

/** @param {Api.RegistryState} state */
const known = (state) => facts([
  ["Registry's address", state.url ? h("code", state.url) : h("span.quiet", "not set")],
  ["Name for clients", [
    state.publicHost ? h("code", state.publicHost) : h("span.quiet", "not known"),
    state.publicHostSeen && [h("span.quiet", " · clients call it "), h("code", state.publicHostSeen)],
    (!state.publicHost || state.publicHostSeen) && [" · ", h("a", { href: "/settings" }, "Settings")],
  ]],
  ["Token endpoint", h("code", state.realm)],
  ["Issuer", h("code", state.issuer)],
  ["Services", state.services.map((it, place) => [place > 0 && ", ", h("code", it)])],
]);

function noUrl() {
  return h("section", h("h2", "Comparison"), h("div.stack.tight.lines",
    h("p.prose", "With the registry's address, dockpass can take over what the registry already holds, and delete tags and images there. Set it in the configuration file of dockpass, or as ",
      h("code", "DOCKPASS_REGISTRY_URL"), " in its environment, then restart dockpass:"),
    block(URL_SETTING, "Setting of dockpass"),
    h("p.quiet", "This is the address at which dockpass reaches the registry; clients may use another.")));
}

/** @param {Api.Notifications} notifications */
function notifications({ received, refused, lastReceived }) {
  const none = h("p.prose", "None since dockpass started. The registry sends one for each push and pull, if its configuration has the ",
    h("code", "notifications"), " section with the right secret, and it can reach dockpass.");
  const some = facts([
    ["Received", [figure(received), h("span.quiet", " · since dockpass started")]],
    ["Refused", refused > 0 && [figure(refused), h("span.quiet", " · see the log of dockpass for the reasons")]],
    ["Last", lastReceived && whenExactly(lastReceived)],
  ]);
  return h("section", h("h2", "Notifications"), received + refused > 0 ? some : none);
}

/** Nothing points to a registry yet: what to do first. @param {Api.RegistryState} state */
function first(state) {
  if (isHeardOf(state)) return null;
  return h("div.banner", h("div.stack.tight", h("p", "No registry is connected yet. Its configuration connects it."), linkButton("Configuration", "/registry?tab=configuration", "primary")));
}

/** @param {Context} context */
async function overviewTab(context) {
  /** @type {Api.RegistryState} */
  const state = await get("/api/v0/admin/registry", { signal: context.signal });
  return [
    first(state),
    state.realmWarning && h("div.banner", h("p", state.realmWarning)),
    state.gateway && warnings(state.gateway).map((text) => h("div.banner.bad", h("p", text))),
    h("section", known(state)),
    state.gateway ? gatewayPart(state.gateway) : notifications(state.notifications),
    state.comparison ? comparisonPart(context, state) : noUrl(),
    certificatesPart(state.certificates),
  ];
}

/** @type {[label: string, key: string | null, draw: (context: Context) => Promise<Child>][]} */
const TABS = [["Overview", null, overviewTab], ["Configuration", "configuration", configurationTab]];

/** @param {Context} context */
async function render(context) {
  // Where the settings were before they had a page of their own.
  if (context.query.get("tab") === "settings") return void context.go("/settings", { replace: true });
  const { present: [label, key, draw], tabs } = tabsOf(context.query, "/registry", TABS);
  if (key) context.setTitle(`Registry: ${label.toLowerCase()}`);
  const nodes = await draw(context);
  return [...head("Registry", { tabs }), nodes];
}

/** @type {Page} */
export const show = { title: "Registry", render };
