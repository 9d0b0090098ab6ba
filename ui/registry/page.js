// Owns the page /registry: how a registry is connected, how it stands, and the settings of the site. For administrators.
//
// Exports
//   show      the page; ?tab=configuration or settings

import { get } from "../lib/api.js";
import { block } from "../lib/copy.js";
import { facts, h, head, linkButton, tabsOf } from "../lib/dom.js";
import { whenExactly } from "../lib/time.js";
import { figure } from "../lib/words.js";
import { certificatesPart } from "./certificates.js";
import { comparisonPart } from "./comparison.js";
import { configurationTab } from "./configuration.js";
import { settingsTab } from "./settings.js";

const URL_SETTING = '[registry]\nurl = "http://127.0.0.1:5000"';

/** @param {Api.RegistryState} state */
const known = (state) => facts([
  ["Token endpoint", h("code", state.realm)],
  ["Issuer", h("code", state.issuer)],
  ["Services", state.services.map((it, place) => [place > 0 && ", ", h("code", it)])],
  ["Clients reach it at", [
    state.publicHost ? h("code", state.publicHost) : h("span.quiet", "dockpass does not know: set it under Settings"),
    state.publicHostSeen && [h("span.quiet", " · clients call it "), h("code", state.publicHostSeen)],
  ]],
  ["Registry", state.url ? h("code", state.url) : h("span.quiet", "dockpass does not know where it is")],
]);

function noUrl() {
  return h("section", h("h2", "Comparison"), h("div.stack.tight.lines",
    h("p", "dockpass does not know where the registry is. Once it does, it adopts what an existing registry holds, and deletes tags and images there. Set this in its configuration file, or ",
      h("code", "DOCKPASS_REGISTRY_URL"), " in its environment, and start it again:"),
    block(URL_SETTING, "Setting of dockpass"),
    h("p.quiet", "The address as dockpass itself reaches it, not as clients do.")));
}

/** @param {Api.Notifications} notifications */
function notifications({ received, refused, lastReceived }) {
  const none = h("p.prose", "None came since dockpass started. They come once something is pushed or pulled, if the registry has the ",
    h("code", "notifications"), " of its configuration with the right secret, and reaches dockpass.");
  const some = facts([
    ["Received", [figure(received), h("span.quiet", " · since dockpass started")]],
    ["Refused", refused > 0 && [figure(refused), h("span.quiet", " · not understood; the server's log has the reasons")]],
    ["Last", lastReceived && whenExactly(lastReceived)],
  ]);
  return h("section", h("h2", "Notifications"), received + refused > 0 ? some : none);
}

/** Nothing points to a registry yet: what to do first. @param {Api.RegistryState} state */
function first(state) {
  if (state.url || state.notifications.received > 0) return null;
  return h("div.banner", h("div.stack.tight", h("p", "No registry has been heard of yet. Its configuration connects it."), linkButton("Configuration", "/registry?tab=configuration", "primary")));
}

/** @param {Context} context */
async function overviewTab(context) {
  /** @type {Api.RegistryState} */
  const state = await get("/api/v0/admin/registry", { signal: context.signal });
  return [
    first(state),
    state.realmWarning && h("div.banner", h("p", state.realmWarning)),
    h("section", known(state)),
    notifications(state.notifications),
    state.comparison ? comparisonPart(context, state) : noUrl(),
    certificatesPart(state.certificates),
  ];
}

/** @type {[label: string, key: string | null, draw: (context: Context) => Promise<Child>][]} */
const TABS = [["Overview", null, overviewTab], ["Configuration", "configuration", configurationTab], ["Settings", "settings", settingsTab]];

/** @param {Context} context */
async function render(context) {
  const { present: [label, key, draw], tabs } = tabsOf(context.query, "/registry", TABS);
  if (key) context.setTitle(`Registry: ${label.toLowerCase()}`);
  const nodes = await draw(context);
  return [...head("Registry", { tabs }), nodes];
}

/** @type {Page} */
export const show = { title: "Registry", render };
