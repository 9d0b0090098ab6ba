// Owns the host in all lines for docker and podman: what dockpass knows, else what the person named, which the browser
// remembers, else a word that is no host. The address of these pages is that of dockpass, which holds no images.
//
// Exports
//   registryHost()           the host
//   hostField(onchange)      a field of form.js that changes it

import { field } from "./form.js";
import { current } from "./session.js";

const KEY = "dockpass.registry";
const UNKNOWN = "HOST";
const KNOWN_HINT = "The host, and port, that images are pulled from.";
const UNKNOWN_HINT = "The host, and port, that images are pulled from. dockpass does not know it: an administrator can set it, as registry.public_host.";

/** What the person named while these pages are open. */
let named = "";

const known = () => current()?.registryHost ?? "";
const found = () => named || known() || localStorage.getItem(KEY) || "";

export const registryHost = () => found() || UNKNOWN;

export function hostField(onchange) {
  const made = field({
    name: "registry", label: "Registry", value: found(), autocomplete: "off", hint: known() ? KNOWN_HINT : UNKNOWN_HINT,
  });
  made.onchange((value) => {
    named = value.trim();
    if (!known()) localStorage.setItem(KEY, named);
    onchange();
  });
  return made;
}
