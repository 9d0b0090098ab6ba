// Owns deleting tags: one after the other, and together where the registry deletes whole images only; so which tags have an image
// in common.
//
// Exports
//   deleteTags(repository, tags, sharers)     asks first; true if any was deleted; sharers are the other tags of the same
//                                             images, as far as they are known: named before anything is deleted, they go
//                                             along where the registry deletes whole images only
//   byImage(tags)                    a Map: digest → its tags
//   sharers(chosen, all)             the tags of the same images that are not chosen themselves

import { ApiError, get, inBatches, isGone, remove } from "../lib/api.js";
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
 * Tags by the image they point to.
 * @param {Api.Tag[]} tags @returns {Map<string, Api.Tag[]>}
 */
export const byImage = (tags) => Map.groupBy(tags, ({ digest }) => digest);

/**
 * The tags of the same images that are not chosen: they go along where a registry deletes whole images only.
 * @param {Api.Tag[]} chosen @param {Api.Tag[]} all @returns {Api.Tag[]}
 */
export function sharers(chosen, all) {
  const digests = new Set(chosen.map(({ digest }) => digest));
  const names = new Set(chosen.map(({ name }) => name));
  return all.filter(({ digest, name }) => digests.has(digest) && !names.has(name));
}

/** @typedef {{ name: string, digest?: string }} Named */

/**
 * The others that may go along, those of the same image first.
 * @param {Named} tag @param {Named[]} left
 */
function along(tag, left) {
  const others = left.filter((it) => it.name !== tag.name);
  const same = others.filter((it) => it.digest === tag.digest);
  return [...new Set([...same, ...others])].slice(0, ALONG).map((it) => it.name).join(",");
}

/** @param {Api.Repository} repository @param {string} reference */
const tagPath = (repository, reference) => `${apiPath(repository)}/tags${path`/${reference}`}`;

/**
 * Deletes as many as it can; returns the tags in the way of the others, none once stopped. One already gone counts as deleted.
 * @param {Api.Repository} repository @param {Wanted} wanted @param {Set<string>} done
 * @param {(done: number) => boolean} goesOn @returns {Promise<string[]>}
 */
async function removeAll(repository, { tags, sharers }, done, goesOn) {
  const before = done.size;
  // A list of images goes before what it is made of, so what was refused is tried again as long as others went.
  for (;;) {
    const atFirst = done.size;
    /** @type {Set<string>} */
    const inTheWay = new Set();
    for (const tag of tags.filter(({ name }) => !done.has(name))) {
      if (!goesOn(done.size - before)) return [];
      const alsoTags = along(tag, [...tags, ...sharers].filter(({ name }) => !done.has(name)));
      try {
        await remove(tagPath(repository, tag.name), { query: { alsoTags } });
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

/**
 * Of the tags of the same images, those that went along: a registry that deletes whole images keeps none of an image.
 * @param {Api.Repository} repository @param {Named[]} sharers @param {AbortSignal} [signal] @returns {Promise<string[]>}
 */
async function goneAlong(repository, sharers, signal) {
  const digests = [...new Set(sharers.map(({ digest }) => digest ?? ""))];
  const kept = await inBatches(digests, (digest) => get(tagPath(repository, digest), { signal }).catch((error) => {
    if (!isGone(error)) throw error;
    return [];
  }));
  const names = new Set(kept.flat().map(({ name }) => name));
  return sharers.map(({ name }) => name).filter((name) => !names.has(name));
}

/** @param {Api.Repository} repository @param {Named[]} tags */
function names(repository, tags) {
  const more = tags.length - NAMED;
  return h("ul.stack.tight",
    tags.slice(0, NAMED).map((tag) => h("li", h("code", `${fullName(repository)}:${tag.name}`))),
    more > 0 && h("li.quiet", `and ${figure(more)} more`));
}

const STUCK = "These tags are too many to go together, or were changed just now. Try again.";
const SHARED = "The registry deletes whole images only. Tags of the same image, or of a list of images that contains it, go together or stay.";
const ALONG_TOO = "These tags have the same image. If the registry deletes whole images only, as Distribution 2 does, they are deleted, too:";

/**
 * What is to be deleted: the tags, the others of their images, and whether the registry said that the tags go together.
 * @typedef {{ tags: Named[], sharers: Named[], isShared: boolean }} Wanted
 */

/** @param {Wanted} wanted */
function question({ tags: { length }, isShared }) {
  if (isShared) return `Delete ${plural(length, "tag")} together?`;
  return `Delete ${length === 1 ? "this tag" : plural(length, "tag")}?`;
}

/** @param {number} count */
const stakes = (count) => (count === 1
  ? "It is deleted here and in the registry: nobody can pull it by this name any more. This cannot be undone."
  : "They are deleted here and in the registry: nobody can pull them by these names any more. This cannot be undone.");

/**
 * Asks, and deletes; returns the tags in the way, or null if the person went back.
 * @param {Api.Repository} repository @param {Wanted} wanted @param {Set<string>} done @returns {Promise<string[] | null>}
 */
function askDelete(repository, wanted, done) {
  const { tags, sharers, isShared } = wanted;
  const known = new Set(tags.map(({ name }) => name));
  const steps = stepwise("Deleted so far");
  const along = sharers.length > 0 && [h("p", ALONG_TOO), names(repository, sharers)];
  return ask({
    title: question(wanted),
    body: [isShared && SHARED, names(repository, tags), along, stakes(tags.length), steps.node].flat().filter(Boolean),
    typed: "delete",
    confirm: isShared ? "Delete together" : "Delete",
    kind: "danger primary",
    stop: steps.stop,
    act: async () => {
      /** @type {string[]} */
      let others = [];
      await steps.run(tags.length, async (goesOn) => (others = await removeAll(repository, wanted, done, goesOn)));
      const unknown = others.filter((name) => !known.has(name));
      // No unselected tag is in the way: there are more than a request names, or something was pushed just now.
      if (others.length > 0 && unknown.length === 0) throw new ApiError({ message: STUCK });
      if (sharers.length > 0) (await goneAlong(repository, sharers)).forEach((name) => done.add(name));
      return unknown;
    },
  });
}

/**
 * What goes together, as the registry deletes whole images: what is left, the others of its images, and the tags in the way.
 * @param {Wanted} wanted @param {string[]} others @param {Set<string>} done @returns {Named[]}
 */
function together({ tags, sharers }, others, done) {
  const left = tags.filter(({ name }) => !done.has(name));
  const digests = new Set(left.map(({ digest }) => digest));
  const more = sharers.filter(({ name, digest }) => digests.has(digest) && !done.has(name) && !others.includes(name));
  return [...left, ...more, ...others.map((name) => ({ name }))];
}

/** @param {Api.Repository} repository @param {Named[]} tags @param {Named[]} [sharers] */
export async function deleteTags(repository, tags, sharers = []) {
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {Wanted} */
  let wanted = { tags, sharers, isShared: false };
  while (wanted.tags.length > 0) {
    const others = await askDelete(repository, wanted, done);
    if (others === null) break;
    wanted = { tags: others.length > 0 ? together(wanted, others, done) : [], sharers: [], isShared: true };
  }
  // With the tags that go along, they may be more than were selected.
  const all = Math.max(done.size, tags.length);
  if (done.size > 0) say(all === 1 ? "Tag deleted" : deletedOf(done.size, all, "tag"));
  return done.size > 0;
}
