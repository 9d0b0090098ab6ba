// Owns the tab that shows the state of the connection between dockpass and the registry.
//
// Exports
//   overviewTab(context)     its nodes

import { get } from "./api.js";
import { facts, h, linkButton } from "./dom.js";
import { certificatesPart } from "./registry-certificates.js";
import { comparisonPart } from "./registry-comparison.js";
import { block } from "./copy.js";
import { exact, when } from "./time.js";

const URL_SETTING = '[registry]\nurl = "http://127.0.0.1:5000"';

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

function notifications({ received, refused, lastReceived }) {
  const none = h("p.prose", "None came since dockpass started. They come once something is pushed or pulled, if the registry has the ",
    h("code", "notifications"), " of its configuration with the right secret, and reaches dockpass.");
  const some = facts([
    ["Received", [received.toLocaleString("en"), h("span.quiet", " · since dockpass started")]],
    ["Refused", refused > 0 && [refused.toLocaleString("en"), h("span.quiet", " · not understood; the server's log has the reasons")]],
    ["Last", lastReceived && [when(lastReceived), h("span.quiet", ` · ${exact(lastReceived)}`)]],
  ]);
  return h("section", h("h2", "Notifications"), received + refused > 0 ? some : none);
}

/** Nothing points to a registry yet: what to do first. */
function first(state) {
  if (state.url || state.notifications.received > 0) return null;
  return h("div.banner", h("div.stack.tight", h("p", "No registry has been heard of yet. Its configuration connects it."), linkButton("Configuration", "/registry?tab=configuration", "primary")));
}

export async function overviewTab(context) {
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
