// Owns the list of a user's access tokens, and the columns of every list of them.
//
// Exports
//   tokenList(context, username, { empty, loaded, tools })
//       empty     the text for an empty list; loaded(tokens) is told of them each time they were read; tools stand beside the
//                 search field
//     → { node, reload() }
//   nameColumn, stateColumn, accessColumn(session), endColumn, usedColumn, createdColumn      columns of one line; on cards the rest of
//                 them stand below name and state
//   detailsColumn(href)
//   bulk(reload)  what can be done with the selected rows, for lib/list.js; reload() when something was changed

import { readAll } from "../lib/api.js";
import { badge, button, h, linkButton } from "../lib/dom.js";
import { rank } from "../lib/level.js";
import { DATE, LEVEL, list } from "../lib/list.js";
import { day, isNever, until, when, withDays } from "../lib/time.js";
import { activateTokens, deactivateTokens, deleteTokens } from "./dialogs.js";
import { byState, FILTERS, hand, isUnlimited } from "./filters.js";
import { endOverlap } from "./rotate.js";
import { access, newHref, oneApi, oneHref, reach, state, TOKENS } from "./token.js";

const TEMPORARY = "temporary password";

/** @type {Column<Api.ApiToken>} */
export const nameColumn = {
  label: "Description", sort: "description", isName: true, by: (it) => it.tokenLabel,
  cell: (it) => [it.tokenLabel, it.temporaryPassword && h("span.aside", ` · ${TEMPORARY}`)],
};

/** Why it is refused is said to screen readers, too; the details have it in full. @param {Api.ApiToken} token */
function stateCell(token) {
  const { word, kind } = state(token);
  const why = token.stoppedBy || token.state === "revoked" ? withDays(token.stateReason ?? "") : null;
  const shown = badge(word, kind);
  if (why) shown.title = why;
  return [shown, why && h("span.unseen", ` ${why}`)];
}

/** @type {Column<Api.ApiToken>} */
export const stateColumn = { label: "State", kind: "standing", sort: "state", ways: ["active first", "active last"], by: byState, cell: stateCell };

/** @param {Api.Session} session @returns {Column<Api.ApiToken>} */
export const accessColumn = (session) => ({
  label: "Access", kind: "access", sort: "access", ways: LEVEL, by: (it) => rank(it.accessLevel),
  cell: (it) => h("div.cut", { title: it.repositories.join("\n") || null }, access(it, session), !isUnlimited(it) && [" ", h("span.quiet.small", reach(it))]),
});

/** How long the old secret works on, and what ends it. @param {Api.ApiToken} token @param {() => unknown} reload */
function old(token, reload) {
  const { previousUntil, previousLastUsed, tokenLabel } = token;
  if (!previousUntil) return null;
  const end = async () => {
    if (await endOverlap(token, { oneApi })) await reload();
  };
  const used = isNever(previousLastUsed) ? "The old secret was never used." : `The old secret was used ${until(previousLastUsed ?? "")}.`;
  return h("small", { title: used }, "old secret", h("span.off-card", ": "), h("span.on-card", " ends "), when(previousUntil), " ",
    button("End it now", { kind: "plain", "aria-label": `End it now: the old secret of ${tokenLabel}`, onclick: end }));
}

/** @type {Column<Api.ApiToken>} */
export const endColumn = {
  label: "Ends", kind: "ends", sort: "ends", ways: ["soonest first", "latest first"], by: (it) => (it.expiresAt === null ? Number.MAX_VALUE : new Date(it.expiresAt)),
  cell: (it, reload = () => {}) => [h("span.off-card", it.expiresAt === null ? "never" : day(it.expiresAt)), old(it, reload)],
};

/** @type {Column<Api.ApiToken>} */
export const usedColumn = {
  label: "Last used", kind: "used", sort: "used", isDown: true, ways: ["longest ago first", "latest first"], by: (it) => (isNever(it.lastUsed) ? 0 : new Date(it.lastUsed)),
  cell: (it) => (isNever(it.lastUsed) ? ["never", h("span.on-card", " used")] : [h("span.on-card", "used "), when(it.lastUsed)]),
};

/** @type {Column<Api.ApiToken>} */
export const createdColumn = { label: "Created", kind: "less", sort: "created", isDown: true, ways: DATE, by: (it) => new Date(it.createdAt), cell: (it) => day(it.createdAt) };

/** @param {(token: Api.ApiToken) => string} href @returns {Column<Api.ApiToken>} */
export const detailsColumn = (href) => ({
  label: "", kind: "off-narrow", isEnd: true, cell: (it) => h("a", { href: href(it), "aria-label": `View details of ${it.tokenLabel}` }, "View details"),
});

/** @param {() => unknown} reload @returns {NonNullable<ListOptions<Api.ApiToken>["actions"]>} */
export function bulk(reload) {
  return (rows, clear) => {
    // With what has ended neither changes anything.
    const living = rows.filter((it) => it.state !== "revoked" && it.state !== "expired");
    const [on, off] = [living.filter((it) => it.isActive), living.filter((it) => !it.isActive)];
    /** @param {(tokens: Api.ApiToken[]) => Promise<boolean>} deed @param {Api.ApiToken[]} tokens */
    const run = (deed, tokens) => async () => {
      if (!(await deed(tokens))) return;
      clear();
      await reload();
    };
    return [
      button("Delete", { kind: "danger", onclick: run(deleteTokens, rows) }),
      on.length > 0 && button("Deactivate", { onclick: run(deactivateTokens, on) }),
      off.length > 0 && button("Activate", { onclick: run(activateTokens, off) }),
    ].filter((it) => it instanceof Node);
  };
}

/** Searches the visible texts, and the repositories that are folded away. @param {Api.Session} session @returns {(token: Api.ApiToken) => string} */
export const matches = (session) => (it) =>
  [it.tokenLabel, it.temporaryPassword && TEMPORARY, state(it).word, access(it, session), ...it.repositories, it.lastUsedIp].filter(Boolean).join(" ");

/**
 * @param {Context} context @param {string} username
 * @param {{ empty: string, loaded?: (tokens: Api.ApiToken[]) => void, tools?: Child }} options
 */
export async function tokenList(context, username, { empty, loaded = () => {}, tools = [] }) {
  const { session } = context;
  /** @param {Api.ApiToken} it */
  const href = (it) => oneHref(it, session);
  /** @type {ListMade} */
  const made = await list({
    context,
    name: ["access token"],
    search: "Search access tokens",
    filters: FILTERS,
    sort: "hand",
    orders: [{ label: "What needs a hand", sort: "hand", by: hand, isOneWay: true }],
    columns: [nameColumn, stateColumn, accessColumn(session), endColumn, usedColumn, createdColumn, detailsColumn(href)],
    isCompact: true,
    href,
    id: (it) => it.id,
    matches: matches(session),
    empty: () => h("div.empty", h("p", empty), linkButton("New access token", newHref(username, session), "primary")),
    tools,
    actions: bulk(() => made.reload()),
    all: async ({ signal, progress }) => {
      const tokens = await readAll(TOKENS, { query: { username }, signal, progress });
      loaded(tokens);
      return tokens;
    },
  });
  return made;
}
