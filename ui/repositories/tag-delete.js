// Owns deleting tags: one after the other, and together where the registry deletes whole manifests only.
//
// Exports
//   deleteTags(repository, tags)     asks first; true if any was deleted

import { ApiError, isGone, remove } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { h, path } from "../lib/dom.js";
import { apiPath, fullName } from "../lib/names.js";
import { say } from "../lib/notice.js";
import { deletedOf, stepError, stepwise } from "../lib/stepwise.js";
import { figure, plural } from "../lib/words.js";

const NAMED = 8;
/** Tags that a request may name beside its own. */
const ALONG = 100;
const SHARES = "TAG_SHARES_MANIFEST";

/**
 * The others that may go along, those of the same manifest first.
 * @param {{ name: string, digest?: string }} tag @param {{ name: string, digest?: string }[]} left
 */
function along(tag, left) {
  const others = left.filter((it) => it.name !== tag.name);
  const same = others.filter((it) => it.digest === tag.digest);
  return [...new Set([...same, ...others])].slice(0, ALONG).map((it) => it.name).join(",");
}

/**
 * Deletes as many as it can; returns the tags in the way of the others, none once stopped. One already gone counts as deleted.
 * @param {Api.Repository} repository @param {{ name: string, digest?: string }[]} tags @param {Set<string>} done
 * @param {(done: number) => boolean} goesOn @returns {Promise<string[]>}
 */
async function removeAll(repository, tags, done, goesOn) {
  const before = done.size;
  // A list of images goes before what it is made of, so what was refused is tried again as long as others went.
  for (;;) {
    const atFirst = done.size;
    /** @type {Set<string>} */
    const inTheWay = new Set();
    for (const tag of tags.filter(({ name }) => !done.has(name))) {
      if (!goesOn(done.size - before)) return [];
      const alsoTags = along(tag, tags.filter(({ name }) => !done.has(name)));
      try {
        await remove(`${apiPath(repository)}/tags${path`/${tag.name}`}`, { query: { alsoTags } });
      } catch (error) {
        if (error.code === SHARES) {
          error.detail.tags.forEach((/** @type {string} */ name) => inTheWay.add(name));
          continue;
        }
        if (!isGone(error)) throw stepError(error, tag.name, tags.length);
      }
      done.add(tag.name);
    }
    if (inTheWay.size === 0 || done.size === atFirst) return [...inTheWay];
  }
}

/** @param {Api.Repository} repository @param {{ name: string, digest?: string }[]} tags */
function names(repository, tags) {
  const more = tags.length - NAMED;
  return h("ul.stack.tight",
    tags.slice(0, NAMED).map((tag) => h("li", h("code", `${fullName(repository)}:${tag.name}`))),
    more > 0 && h("li.quiet", `and ${figure(more)} more`));
}

const NO_WAY_BACK = "Nobody can pull it by this name any more, and there is no way back.";
const STUCK = "These tags are too many to go together, or were changed just now. Try again.";
const SHARED = "The registry deletes whole manifests only: tags that lead to the same one, by themselves or as a list of images, go together or stay.";

/**
 * Asks, and deletes; returns the tags in the way, or null if the person went back.
 * @param {Api.Repository} repository @param {{ name: string, digest?: string }[]} tags @param {Set<string>} done
 * @param {boolean} isShared @returns {Promise<string[] | null>}
 */
function askDelete(repository, tags, done, isShared) {
  const question = isShared ? `Delete ${plural(tags.length, "tag")} together?` : `Delete ${tags.length === 1 ? "this tag" : plural(tags.length, "tag")}?`;
  const known = new Set(tags.map(({ name }) => name));
  const steps = stepwise("Deleted so far");
  return ask({
    title: question,
    body: [isShared && SHARED, names(repository, tags), `It goes here and in the registry. ${NO_WAY_BACK}`, steps.node].filter(Boolean),
    typed: "delete",
    confirm: isShared ? "Delete together" : "Delete",
    kind: "danger primary",
    stop: steps.stop,
    act: async () => {
      /** @type {string[]} */
      let others = [];
      await steps.run(tags.length, async (goesOn) => (others = await removeAll(repository, tags, done, goesOn)));
      const unknown = others.filter((name) => !known.has(name));
      // No unselected tag is in the way: there are more than a request names, or something was pushed just now.
      if (others.length > 0 && unknown.length === 0) throw new ApiError({ message: STUCK });
      return unknown;
    },
  });
}

/** @param {Api.Repository} repository @param {{ name: string, digest?: string }[]} tags */
export async function deleteTags(repository, tags) {
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {{ name: string, digest?: string }[]} */
  let wanted = tags;
  for (let isShared = false; wanted.length > 0; isShared = true) {
    const others = await askDelete(repository, wanted, done, isShared);
    if (others === null) break;
    const left = others.length > 0 ? wanted.filter(({ name }) => !done.has(name)) : [];
    wanted = others.length > 0 ? [...left, ...others.map((name) => ({ name }))] : [];
  }
  // With the tags that go along, they may be more than were selected.
  const all = Math.max(done.size, tags.length);
  if (done.size > 0) say(all === 1 ? "Tag deleted" : deletedOf(done.size, all, "tag"));
  return done.size > 0;
}
