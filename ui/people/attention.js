// Owns the line on an administrator's first page that says what needs a hand, each part with its link; nothing, if nothing
// does. It delays no page: it draws itself once it is known.
//
// Exports
//   attention(context)      the node; hidden until there is something to say
//   isHeardOf(state)        whether anything points to a registry, as far as the API's state of it tells
//   partsOf(found)          for its test: what is said, as [text, href]

import { get, list } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { isNarrowed } from "../lib/narrowed.js";
import { SOON } from "../lib/time.js";
import { plural } from "../lib/words.js";
import { countEnding } from "../tokens/filters.js";

/** @param {Pick<Api.RegistryState, "url" | "notifications">} state */
export const isHeardOf = (state) => state.url !== null || state.notifications.received > 0;

/**
 * A registry that is only heard of by its notifications has sent none since a restart: what it pushed before is known.
 * @param {Api.RegistryState} state @param {AbortSignal} signal @returns {Promise<boolean>}
 */
async function isConnected(state, signal) {
  if (isHeardOf(state)) return true;
  /** @type {Api.Repositories} */
  const { repositories } = await get("/api/v0/repositories", { query: { pageSize: 100 }, signal });
  return repositories.some((it) => it.lastPush !== null);
}

/** What is wrong behind the gateway. @param {Api.GatewayState | null} gateway @returns {string[]} */
function wrong(gateway) {
  if (!gateway) return [];
  return [
    gateway.trouble !== null && "Registry does not answer",
    gateway.blobsApart.outcome === "bad" && "Registry mixes blobs of repositories",
    gateway.closedToOthers.outcome === "bad" && "Registry open to others",
  ].filter((it) => it !== false);
}

/**
 * @param {{ gateway: Api.GatewayState | null, isConnected: boolean | null, locked: number | null, ending: number | null }} found null for what could not be known
 * @returns {[text: string, href: string][]}
 */
export function partsOf({ gateway, isConnected, locked, ending }) {
  /** @type {([string, string] | false | null | 0)[]} */
  const parts = [
    ...wrong(gateway).map((text) => /** @type {[string, string]} */ ([text, "/registry"])),
    isConnected === false && ["No registry connected", "/registry"],
    locked && [`${plural(locked, "person", "people")} locked`, "/people?show=locked"],
    ending && [`${plural(ending, "access token")} ${ending === 1 ? "ends" : "end"} within ${SOON} days`, "/people?tab=tokens&show=ending&sort=ends"],
  ];
  return parts.filter((it) => it !== false && it !== null && it !== 0);
}

/** What cannot be known needs no hand here: its own page says so. @template T @param {Promise<T>} asked @returns {Promise<T | null>} */
const known = (asked) => asked.catch(() => null);

/** @param {AbortSignal} signal */
async function find(signal) {
  /** @type {Promise<Api.RegistryState>} */
  const asked = get("/api/v0/admin/registry", { signal });
  const [state, connected, locked, ending] = await Promise.all([
    known(asked),
    known(asked.then((state) => isConnected(state, signal))),
    known(list("/enzi/v0/accounts", { query: { filter: "locked-users", limit: 1 }, signal }).then(({ body }) => /** @type {Api.Accounts} */ (body).lockedUsersCount)),
    known(countEnding({ everybody: true }, signal)),
  ]);
  return partsOf({ gateway: state?.gateway ?? null, isConnected: connected, locked, ending });
}

/** @param {Context} context */
export function attention({ session, signal }) {
  const line = h("p");
  const node = h("div.banner.slim", { role: "status", hidden: true }, line);
  if (!session.isAdmin || isNarrowed(session)) return node;
  find(signal).then((parts) => {
    if (signal.aborted || parts.length === 0) return;
    line.append(...parts.flatMap(([text, href], place) => [place > 0 ? " · " : "", h("a", { href }, text)]));
    node.hidden = false;
  });
  return node;
}
