// Owns the lines that pull and push a repository, for the host in the field above them.
//
// Exports
//   useLines(name, { tag, mayPull, mayPush, username })    a node; `tag` is one to pull

import { block } from "./copy.js";
import { h } from "./dom.js";
import { hostField, registryHost } from "./registry-host.js";

function lines(host, name, { tag, mayPull, mayPush, username }) {
  const image = `${host}/${name}:${tag}`;
  const signIn = [h("h3", "Sign in"), h("p.quiet", "Your password or an access token is asked for."), block(`docker login ${host} --username ${username}`)];
  const pull = mayPull && [h("h3", "Pull"), block(`docker pull ${image}`)];
  const push = mayPush && [h("h3", "Push"), block(`docker tag IMAGE ${image}\ndocker push ${image}`)];
  return [signIn, pull, push].filter(Boolean).flat();
}

export function useLines(name, options) {
  const body = h("div.lines");
  const draw = () => body.replaceChildren(...lines(registryHost(), name, options));
  const host = hostField(draw);
  draw();
  return h("div.stack", h("div.half", host.node), h("div.wide", body));
}
