// Owns the host in all lines for docker and podman: that of these pages, unless the person named another one to pull from.
// The browser remembers it.
//
// Exports
//   registryHost()           the host
//   hostField(onchange)      a field of form.js that changes it

import { field } from "./form.js";

const KEY = "dockpass.registry";

export const registryHost = () => localStorage.getItem(KEY) || location.host;

export function hostField(onchange) {
  const made = field({
    name: "registry", label: "Registry", value: registryHost(), autocomplete: "off",
    hint: "The host, and port, that images are pulled from. dockpass does not know it: change it if it is not that of these pages.",
  });
  made.onchange((value) => {
    localStorage.setItem(KEY, value.trim());
    onchange();
  });
  return made;
}
