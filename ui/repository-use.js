// Owns the lines that pull and push a repository. dockpass does not know under which address clients reach the registry: it
// stands in a field, and the browser remembers it.
//
// Exports
//   useLines(name, { tag, mayPull, mayPush, username })    a node; `tag` is one to pull

import { block } from "./copy.js";
import { h } from "./dom.js";
import { field } from "./form.js";

/** The same entry as that of the access tokens' lines. */
const REMEMBERED = "dockpass.registry";
const UNKNOWN = "REGISTRY";

function lines(host, name, { tag, mayPull, mayPush, username }) {
  const image = `${host}/${name}:${tag}`;
  const signIn = [h("h3", "Sign in"), h("p.quiet", "Your password or an access token is asked for."), block(`docker login ${host} --username ${username}`)];
  const pull = mayPull && [h("h3", "Pull"), block(`docker pull ${image}`)];
  const push = mayPush && [h("h3", "Push"), block(`docker tag IMAGE ${image}\ndocker push ${image}`)];
  return [signIn, pull, push].filter(Boolean).flat();
}

export function useLines(name, options) {
  const host = field({
    name: "registry", label: "Registry", value: localStorage.getItem(REMEMBERED) ?? "", placeholder: "registry.example.com:5000", autocomplete: "off",
    hint: `The host, and port, that images are pulled from. dockpass does not know it; without it the lines say ${UNKNOWN}.`,
  });
  const body = h("div.lines");
  const draw = () => body.replaceChildren(...lines(host.value.trim() || UNKNOWN, name, options));
  host.onchange((value) => {
    localStorage.setItem(REMEMBERED, value.trim());
    draw();
  });
  draw();
  return h("div.stack", h("div.half", host.node), h("div.wide", body));
}
