// Owns the part of /registry about the gateway: how dockpass goes to the registry behind it, and what it found out about that
// by itself.
//
// Exports
//   warnings(gateway)      for its test and for banners: what needs a hand, in sentences
//   gatewayPart(gateway)   the section

import { facts, h } from "../lib/dom.js";
import { whenExactly } from "../lib/time.js";
import { figure } from "../lib/words.js";
import { lasting } from "./lifetime.js";

/** @type {Record<Api.GatewayState["auth"], string>} */
const SHOWN = { none: "nothing", basic: "a user name and a password", token: "registry tokens" };
/** @type {Record<Api.GatewayState["redirects"], string>} */
const REDIRECTS = { pass: "passed on to clients", follow: "followed by dockpass" };

/** @param {Api.GatewayState} gateway @returns {string[]} */
export function warnings({ trouble, blobsApart, closedToOthers }) {
  const bad = [blobsApart, closedToOthers].filter((it) => it.outcome === "bad");
  return [
    ...(trouble === null ? [] : [`Pushes and pulls fail, since the registry does not answer as it should: ${trouble}.`]),
    ...bad.map((it) => `About the registry: ${it.reason}.`),
  ];
}

/** @param {string} good @param {Api.Finding} it @returns {Child} */
function found(good, { outcome, foundAt, reason }) {
  if (!foundAt) return h("span.quiet", "not known yet");
  const word = { good, bad: h("span.danger", "no"), unknown: `not known: ${reason}` }[outcome];
  return [word, h("span.quiet", " · "), whenExactly(foundAt)];
}

/** @param {Api.GatewayState} gateway */
export const gatewayPart = (gateway) => h("section", h("h2", "Gateway"), h("div.stack.tight.wide",
  h("p.quiet.prose", "Clients reach the registry through dockpass, which checks each request: what is revoked stops with the next one."),
  facts([
    ["Registry answers", gateway.trouble === null ? "yes" : h("span.danger", "no")],
    ["Shown to it", SHOWN[gateway.auth]],
    ["Registry tokens live", lasting(gateway.tokenLifetime)],
    ["Redirects", REDIRECTS[gateway.redirects]],
    ["Requests now", [figure(gateway.requests), h("span.quiet", ` · at most ${figure(gateway.maxRequests)}`)]],
    ["Blobs kept apart", found("yes", gateway.blobsApart)],
    ["Closed to others", found("yes", gateway.closedToOthers)],
  ])));
