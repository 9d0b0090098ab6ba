// Owns what is said of robots whose secret a user asked for, and so may know.
//
// Exports
//   isAlive(robot)                whether it can be given a new secret
//   robotNames(robots)            "acme/ci, acme/deploy", as nodes
//   stoppedWith(robots, name)     those that stop for good when the user's access tokens are deleted: their present secret was
//                                 made with one of these
//   stopsForGood(robots)          how that is said; null if there are none

import { h } from "../lib/dom.js";
import { userName } from "../tokens/token.js";

/** @param {Api.ApiToken} robot */
export const isAlive = ({ state }) => state === "active" || state === "stopped" || state === "accountInactive";

/** @param {Api.ApiToken[]} robots */
export const robotNames = (robots) => robots.map((it, place) => [place > 0 && ", ", h("code", userName(it))]);

/** @param {Api.ApiToken[]} robots @param {string} name */
export const stoppedWith = (robots, name) => robots.filter((it) => isAlive(it) && it.parent !== null && it.secretBy === name);

/** @param {Api.ApiToken[]} robots */
export const stopsForGood = (robots) => robots.length > 0 && h("p", robotNames(robots), robots.length === 1
  ? " stops until it is given a new secret: its present one was made with one of these access tokens."
  : " stop until they are given new secrets: their present ones were made with these access tokens.");
