// Owns the host that docker and podman are told: that of these pages, unless the person named another one, where images are
// pulled from. The browser remembers it.
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
    hint: "The host that docker and podman sign in to. Change it here if images are pulled from another one.",
  });
  made.onchange((value) => {
    localStorage.setItem(KEY, value.trim());
    onchange();
  });
  return made;
}
