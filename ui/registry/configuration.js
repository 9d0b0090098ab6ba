// Owns the tab with the configuration of a registry, or of a proxy before it, as this very server makes it.
//
// Exports
//   configurationTab(context)     its nodes; ?for=zot or a proxy, ?layout=forward-auth, ?certificate=/path

import { get, isAbort } from "../lib/api.js";
import { block, downloadButton } from "../lib/copy.js";
import { h, path } from "../lib/dom.js";
import { field, form } from "../lib/form.js";

const API = "/api/v0/admin/registry/config";
const KINDS = [["distribution", "Distribution (Docker Registry)"], ["zot", "zot"], ["nginx", "nginx, before dockpass and the registry"],
  ["caddy", "Caddy, before dockpass and the registry"], ["traefik", "Traefik, before dockpass and the registry"]];
const LAYOUTS = [["", "as dockpass is configured"], ["gateway", "dockpass, which passes them on"], ["forward-auth", "a proxy, which asks dockpass"], ["token-server", "the registry, by registry tokens"]];
/** What is to be done with the file of a proxy: where it goes, what else, and the command that makes it count. */
const PROXIES = {
  nginx: { name: "nginx", directory: "/etc/nginx/conf.d", after: "Let nginx check the file, then reload it.", command: "sudo nginx -t && sudo systemctl reload nginx" },
  caddy: { name: "Caddy", directory: "/etc/caddy", after: "Add the line \"import dockpass.caddy\" to /etc/caddy/Caddyfile, let Caddy check it, then reload it.", command: "sudo caddy validate --config /etc/caddy/Caddyfile && sudo systemctl reload caddy" },
  traefik: { name: "Traefik", directory: "/etc/traefik/dynamic", after: "Let the file provider of Traefik's static configuration read that directory, with what the comments say.", command: "" },
};
/** @param {string} kind @returns {{ name: string, directory: string, after: string, command: string } | undefined} */
const proxy = (kind) => Object.entries(PROXIES).find(([name]) => name === kind)?.[1];
const PLACE = "/etc/docker/registry/dockpass-ca.pem";
const FIXED_KEY = "[registry]\nfixed_key = true";
/** @param {string | null | undefined} listen the address at which the server listens */
const behindProxy = (listen) => `[server]\nlisten = "${listen ?? "127.0.0.1:8700"}"\npublic_url = "https://pass.example.com"\nbehind_proxy = true\ntrusted_proxies = ["127.0.0.1"]`;
const FOR_REGISTRY = "This configuration makes a registry trust dockpass: the registry sends clients here for registry tokens, checks them with the certificate, and reports pushes and pulls.";
const FOR_PROXY = "puts dockpass and the registry under one host name with TLS. Who checks the registry's requests is yours to choose: dockpass behind the proxy, the proxy by asking dockpass, or the registry.";

/** @param {URLSearchParams} query */
const configured = (query) => (KINDS.find(([kind]) => kind === query.get("for")) ?? KINDS[0])[0];
/** @param {URLSearchParams} query */
const laidOut = (query) => (LAYOUTS.find(([layout]) => layout === query.get("layout")) ?? LAYOUTS[0])[0];

/** Why there is none for zot yet, and the way there. */
function needsFixedKey() {
  return h("div.stack.tight.lines",
    h("p", "zot takes a single key. The key of dockpass renews itself, and zot would then refuse every registry token. So fix the key first:"),
    h("ol.steps",
      h("li", "Set this in the configuration file of dockpass, or set ", h("code", "DOCKPASS_REGISTRY_FIXED_KEY=true"), " in its environment.", block(FIXED_KEY, "Setting of dockpass")),
      h("li", "Restart dockpass. Registries that already trust it need the new certificate."),
      h("li", "Come back here for zot's configuration.")),
    h("p.quiet", "A fixed key does not renew itself. To change it, run ", h("code", "dockpass registry rotate-key"), " and give zot the new certificate."));
}

/** Why there is none for a proxy yet, and the way there. @param {Error} error @param {AbortSignal} signal */
async function needsProxySettings(error, signal) {
  /** @type {Api.Version} */
  const { listen } = await get("/api/v0/admin/version", { signal });
  return h("div.stack.tight.lines",
    h("p", error.message),
    h("ol.steps",
      h("li", "Set this in the configuration file of dockpass, with the address that clients are to use.", block(behindProxy(listen), "Settings of dockpass")),
      h("li", "Restart dockpass."),
      h("li", "Come back here for the proxy's configuration. Then update the registry's configuration, too: it has the old address.")));
}

/**
 * Explains the SECRET in the configuration of registries that send notifications.
 * @param {Api.RegistryConfiguration} made
 */
function secret(made) {
  if (!made.configuration.includes("SECRET")) return null;
  return h("p", "Replace ", h("code", "SECRET"), " with the secret of notifications. It never travels over the network. On the machine of dockpass, ",
    h("code", path`dockpass registry config --for ${made.for}`), " prints this configuration with it.");
}

/** @param {Api.RegistryConfiguration} made */
function proxySteps(made) {
  const { name, directory, after, command } = proxy(made.for) ?? PROXIES.nginx;
  return h("ol.steps",
    h("li", `On the machine of dockpass, install ${name}, and save this as `, h("code", `${directory}/${made.fileName}`), ".",
      h("div.row", downloadButton(`Download ${made.fileName}`, made.fileName, "text/plain", () => made.configuration)),
      block(made.configuration, made.fileName)),
    h("li", "Put the paths of your certificate and its key where the file says."),
    h("li", after, command && block(command, `Commands for ${name}`)),
    h("li", `From now on, clients, browsers and the registry's notifications go through ${name}: sign in at its address.`));
}

/** @param {Api.RegistryConfiguration} made @param {string} certificate */
function steps(made, certificate) {
  return h("ol.steps",
    made.certificateName && h("li", "On the registry's machine, save the certificate as ", h("code", certificate), ".",
      h("div.row", downloadButton(`Download ${made.certificateName}`, made.certificateName ?? "", "application/x-pem-file", () => made.certificate ?? "")),
      made.keysName && [h("p", "Save the keys of registry tokens next to it."),
        h("div.row", downloadButton(`Download ${made.keysName}`, made.keysName, "application/json", () => made.keys ?? ""))]),
    h("li", "Use this configuration, or add to yours what is missing.",
      h("div.row", downloadButton(`Download ${made.fileName}`, made.fileName, "text/plain", () => made.configuration)),
      block(made.configuration, `${made.fileName}`), secret(made)),
    h("li", "Restart the registry. ", made.for === "zot"
      ? "After a push, the first notification appears under Overview; zot does not report pulls."
      : "After a push or a pull, the first notification appears under Overview."));
}

/** @param {URLSearchParams} query @param {AbortSignal} signal */
async function result(query, signal) {
  const [kind, layout, certificate] = [configured(query), laidOut(query) || undefined, query.get("certificate") || PLACE];
  try {
    /** @type {Api.RegistryConfiguration} */
    const made = await get(API, { query: { for: kind, layout, certificate }, signal });
    return proxy(kind) ? proxySteps(made) : steps(made, certificate);
  } catch (error) {
    if (error.code === "NEEDS_FIXED_KEY") return needsFixedKey();
    if (error.code === "NEEDS_PROXY_SETTINGS") return await needsProxySettings(error, signal);
    throw error;
  }
}

/** @param {Context} context */
export async function configurationTab(context) {
  const { query, signal } = context;
  const shown = h("div.wide");
  const kind = field({ name: "for", label: "Registry or proxy", type: "select", options: KINDS, value: configured(query) });
  const layout = field({ name: "layout", label: "Who checks the registry's requests", type: "select", options: LAYOUTS, value: laidOut(query) });
  const place = field({
    name: "certificate", label: "Path on the registry's machine", value: query.get("certificate") || PLACE, autocomplete: "off", required: true,
    hint: "Where you will save the certificate, dockpass-ca.pem.",
  });
  const intro = h("p.prose.intro");
  /** A proxy needs no certificate of ours; an error in the hidden field must not block the form. @param {string} chosen */
  const suit = (chosen) => {
    const before = proxy(chosen);
    intro.textContent = before ? `${before.name} ${FOR_PROXY}` : FOR_REGISTRY;
    place.node.hidden = Boolean(before);
    if (before && !place.value.trim()) place.value = PLACE;
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
    fields: [kind, layout, place], submit: "Show", kind: "",
    onsubmit: (values) => {
      const certificate = values.certificate.trim();
      context.setQuery({ for: values.for === KINDS[0][0] ? null : values.for, layout: values.layout || null, certificate: certificate === PLACE ? null : certificate }, { push: true });
      // Nobody waits for reading: the next choice ends it, and so does leaving.
      load().catch(failed);
    },
  });
  kind.onchange((chosen) => {
    suit(chosen);
    made.node.requestSubmit();
  });
  layout.onchange(() => made.node.requestSubmit());
  suit(kind.value);
  await load().catch((error) => {
    if (!error.field) throw error;
    failed(error);
  });
  return [intro, h("section", made.node), h("section", shown)];
}
