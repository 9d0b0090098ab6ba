// Owns the host in all lines for docker and podman, and the lines of a repository: what dockpass knows, else what the person named, which the browser
// remembers, else a word that is no host. The address of these pages is that of dockpass, which holds no images.
//
// Exports
//   registryHost()           the host
//   hostField(onchange)      a field of form.js that changes it
//   useLines(name, { tag, mayPull, mayPush, username })    a node with the lines that pull and push a repository, below the field;
//                            `tag` is one to pull

import { block } from "../lib/copy.js";
import { h } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { current } from "../lib/session.js";

const KEY = "dockpass.registry";
const UNKNOWN = "HOST";
const KNOWN_HINT = "The host, and port, that images are pulled from.";
const UNKNOWN_HINT = "The host, and port, that images are pulled from. dockpass does not know it: an administrator can set it, as registry.public_host.";

/** What the person named while these pages are open. */
let named = "";

const known = () => current()?.registryHost ?? "";
const found = () => named || known() || localStorage.getItem(KEY) || "";

export const registryHost = () => found() || UNKNOWN;

/** @param {() => void} onchange */
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

/** @param {string} host @param {string} name @param {UseOptions} options */
function lines(host, name, { tag, mayPull, mayPush, username }) {
  const image = `${host}/${name}:${tag}`;
  const signIn = [h("h3", "Sign in"), h("p.quiet", "Your password or an access token is asked for."), block(`docker login ${host} --username ${username}`)];
  const pull = mayPull && [h("h3", "Pull"), block(`docker pull ${image}`)];
  const push = mayPush && [h("h3", "Push"), block(`docker tag IMAGE ${image}\ndocker push ${image}`)];
  return [signIn, pull || [], push || []].flat();
}

/** @param {string} name @param {UseOptions} options */
export function useLines(name, options) {
  const body = h("div.lines");
  const draw = () => body.replaceChildren(...lines(registryHost(), name, options));
  const host = hostField(draw);
  draw();
  return h("div.stack", h("div.half", host.node), h("div.wide", body));
}
