// Owns the tab with the configuration of a registry, or of nginx before it, as this very server makes it.
//
// Exports
//   configurationTab(context)     its nodes; ?for=zot or nginx, ?certificate=/path

import { get, isAbort } from "../lib/api.js";
import { block, downloadButton } from "../lib/copy.js";
import { h, path } from "../lib/dom.js";
import { field, form } from "../lib/form.js";

const API = "/api/v0/admin/registry/config";
const KINDS = [["distribution", "Distribution (Docker Registry)"], ["zot", "zot"], ["nginx", "nginx, before dockpass and the registry"]];
const PLACE = "/etc/docker/registry/dockpass-ca.pem";
const FIXED_KEY = "[registry]\nfixed_key = true";
const BEHIND_PROXY = '[server]\nlisten = "127.0.0.1:8700"\npublic_url = "https://pass.example.com"\nbehind_proxy = true\ntrusted_proxies = ["127.0.0.1"]';
const CHECK_AND_READ = "sudo nginx -t && sudo systemctl reload nginx";
const FOR_REGISTRY = "What makes a registry trust this dockpass: it sends clients here for registry tokens, verifies them with the certificate, and tells what is pushed and pulled.";
const FOR_NGINX = "What puts dockpass and the registry under one host name with TLS. nginx passes requests on and decides nothing: dockpass and the registry check them as before.";

/** @param {URLSearchParams} query */
const configured = (query) => (KINDS.find(([kind]) => kind === query.get("for")) ?? KINDS[0])[0];

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

/** Why there is none for nginx yet, and the way there. @param {Error} error */
function needsProxySettings(error) {
  return h("div.stack.tight.lines",
    h("p", error.message),
    h("ol.steps",
      h("li", "Set this in the configuration file of dockpass, with the address that clients shall connect to.", block(BEHIND_PROXY, "Settings of dockpass")),
      h("li", "Start dockpass again. It keeps listening on loopback, where nginx finds it."),
      h("li", "Come back here for nginx's configuration, and give the registry its own once more: the address in it is another one.")));
}

/**
 * Explains the SECRET in the configuration of registries that send notifications.
 * @param {Api.RegistryConfiguration} made
 */
function secret(made) {
  if (!made.configuration.includes("SECRET")) return null;
  return h("p", "For ", h("code", "SECRET"), " put the secret of notifications. It is not told over the network: on the machine of dockpass, ",
    h("code", path`dockpass registry config --for ${made.for}`), " prints this configuration with it.");
}

/** @param {Api.RegistryConfiguration} made */
function nginxSteps(made) {
  return h("ol.steps",
    h("li", "On the machine of dockpass, install nginx, and save this as ", h("code", `/etc/nginx/conf.d/${made.fileName}`), ".",
      h("div.row", downloadButton(`Download ${made.fileName}`, made.fileName, "text/plain", () => made.configuration)),
      block(made.configuration, made.fileName)),
    h("li", "Put the paths of your certificate and its key into the two lines that begin with ", h("code", "ssl_certificate"), "."),
    h("li", "Have nginx check the file and read it.", block(CHECK_AND_READ, "Commands for nginx")),
    h("li", "Clients, browsers and the registry's notifications come by nginx from now on: sign in at its address."));
}

/** @param {Api.RegistryConfiguration} made @param {string} certificate */
function steps(made, certificate) {
  return h("ol.steps",
    h("li", "On the registry's machine, put the certificate to ", h("code", certificate), ".",
      h("div.row", downloadButton(`Download ${made.certificateName}`, made.certificateName ?? "", "application/x-pem-file", () => made.certificate ?? "")),
      made.keysName && [h("p", "Put the keys of registry tokens beside it."),
        h("div.row", downloadButton(`Download ${made.keysName}`, made.keysName, "application/json", () => made.keys ?? ""))]),
    h("li", "Use this configuration, or take from it what yours lacks.",
      h("div.row", downloadButton(`Download ${made.fileName}`, made.fileName, "text/plain", () => made.configuration)),
      block(made.configuration, `${made.fileName}`), secret(made)),
    h("li", "Start the registry again. ", made.for === "zot"
      ? "Once something is pushed, the first notification shows under Overview; zot tells of no pulls."
      : "Once something is pushed or pulled, the first notification shows under Overview."));
}

/** @param {URLSearchParams} query @param {AbortSignal} signal */
async function result(query, signal) {
  const [kind, certificate] = [configured(query), query.get("certificate") || PLACE];
  try {
    /** @type {Api.RegistryConfiguration} */
    const made = await get(API, { query: { for: kind, certificate }, signal });
    return kind === "nginx" ? nginxSteps(made) : steps(made, certificate);
  } catch (error) {
    if (error.code === "NEEDS_FIXED_KEY") return needsFixedKey();
    if (error.code === "NEEDS_PROXY_SETTINGS") return needsProxySettings(error);
    throw error;
  }
}

/** @param {Context} context */
export async function configurationTab(context) {
  const { query, signal } = context;
  const shown = h("div.wide");
  const kind = field({ name: "for", label: "Registry or proxy", type: "select", options: KINDS, value: configured(query) });
  const place = field({
    name: "certificate", label: "Place of the certificate", value: query.get("certificate") || PLACE, autocomplete: "off", required: true,
    hint: "Where dockpass-ca.pem will lie on the registry's machine.",
  });
  const intro = h("p.prose.intro");
  /** nginx needs no certificate of ours; an error in the hidden field must not block the form. @param {string} chosen */
  const suit = (chosen) => {
    const isNginx = chosen === "nginx";
    intro.textContent = isNginx ? FOR_NGINX : FOR_REGISTRY;
    place.node.hidden = isNginx;
    if (isNginx && !place.value.trim()) place.value = PLACE;
  };
  let loading = new AbortController();
  const load = async () => {
    loading.abort();
    loading = new AbortController();
    const latest = AbortSignal.any([signal, loading.signal]);
    const steps = await result(query, latest);
    latest.throwIfAborted();
    shown.replaceChildren(steps);
  };
  /** The steps before belong to another choice: they do not stay below an error. @param {any} error */
  const failed = (error) => {
    if (isAbort(error)) return;
    shown.replaceChildren();
    made.fail(error);
  };
  const made = form({
    fields: [kind, place], submit: "Show", kind: "",
    onsubmit: (values) => {
      const certificate = values.certificate.trim();
      context.setQuery({ for: values.for === KINDS[0][0] ? null : values.for, certificate: certificate === PLACE ? null : certificate }, { push: true });
      // Nobody waits for reading: the next choice ends it, and so does leaving.
      load().catch(failed);
    },
  });
  kind.onchange((chosen) => {
    suit(chosen);
    made.node.requestSubmit();
  });
  suit(kind.value);
  await load().catch((error) => {
    if (!error.field) throw error;
    failed(error);
  });
  return [intro, h("section", made.node), h("section", shown)];
}
