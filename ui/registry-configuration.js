// Owns the tab with the configuration of a registry, as this very server makes it.
//
// Exports
//   configurationTab(context)     its nodes; ?for=zot, ?certificate=/path

import { get } from "./api.js";
import { h, path } from "./dom.js";
import { field, form } from "./form.js";
import { during } from "./notice.js";
import { block, downloadButton } from "./copy.js";

const API = "/api/v0/admin/registry/config";
const KINDS = [["distribution", "Distribution (Docker Registry)"], ["zot", "zot"]];
const PLACE = "/etc/docker/registry/dockpass-ca.pem";
const FIXED_KEY = "[registry]\nfixed_key = true";

const configured = (query) => (KINDS.some(([kind]) => kind === query.get("for")) ? query.get("for") : KINDS[0][0]);

/** Why there is none for zot yet, and the way there. */
function needsFixedKey() {
  return h("div.stack.tight.lines",
    h("p", "zot knows one key only. The key of dockpass renews itself, and zot would refuse every registry token from then on. So the key must be fixed first:"),
    h("ol.steps",
      h("li", "Set this in the configuration file of dockpass, or ", h("code", "DOCKPASS_REGISTRY_FIXED_KEY=true"), " in its environment.", block(FIXED_KEY, "Setting of dockpass")),
      h("li", "Start dockpass again. Registries that trust it already need the new certificate."),
      h("li", "Come back here for zot's configuration.")),
    h("p.quiet", "A fixed key does not renew itself: ", h("code", "dockpass registry rotate-key"), " changes it, and zot gets the new certificate then."));
}

/** What stands there as SECRET, for registries that send notifications. */
function secret(made) {
  if (!made.configuration.includes("SECRET")) return null;
  return h("p", "For ", h("code", "SECRET"), " put the secret of notifications. It is not told over the network: on the machine of dockpass, ",
    h("code", path`dockpass registry config --for ${made.for}`), " prints this configuration with it.");
}

function steps(made, certificate) {
  return h("ol.steps",
    h("li", "On the registry's machine, put the certificate to ", h("code", certificate), ".",
      h("div.row", downloadButton(`Download ${made.certificateName}`, made.certificateName, "application/x-pem-file", () => made.certificate))),
    h("li", "Use this configuration, or take from it what yours lacks.",
      h("div.row", downloadButton(`Download ${made.fileName}`, made.fileName, "text/plain", () => made.configuration)),
      block(made.configuration, `${made.fileName}`), secret(made)),
    h("li", "Start the registry again. ", made.for === "zot"
      ? "zot is not set up here to tell what is pushed: with registry.url dockpass compares instead."
      : "Once something is pushed or pulled, the first notification shows under Overview."));
}

async function result(query, signal) {
  const [kind, certificate] = [configured(query), query.get("certificate") || PLACE];
  try {
    return steps(await get(API, { query: { for: kind, certificate }, signal }), certificate);
  } catch (error) {
    if (error.code === "NEEDS_FIXED_KEY") return needsFixedKey();
    throw error;
  }
}

export async function configurationTab(context) {
  const { query, signal } = context;
  const shown = h("div.wide");
  const kind = field({ name: "for", label: "Registry", type: "select", options: KINDS, value: configured(query) });
  const place = field({
    name: "certificate", label: "Place of the certificate", value: query.get("certificate") || PLACE, autocomplete: "off", required: true,
    hint: "Where dockpass-ca.pem will lie on the registry's machine.",
  });
  const load = async () => shown.replaceChildren(await during(result(query, signal)));
  const made = form({
    fields: [kind, place], submit: "Show", kind: "",
    onsubmit: (values) => {
      const certificate = values.certificate.trim();
      context.setQuery({ for: values.for === KINDS[0][0] ? null : values.for, certificate: certificate === PLACE ? null : certificate }, { push: true });
      return load();
    },
  });
  kind.onchange(() => made.node.requestSubmit());
  await load().catch((error) => {
    if (!error.field) throw error;
    made.fail(error);
  });
  return [h("p.prose.intro", "What makes a registry trust this dockpass: it sends clients here for registry tokens, verifies them with the certificate, and tells what is pushed and pulled."),
    h("section", made.node), h("section", shown)];
}
