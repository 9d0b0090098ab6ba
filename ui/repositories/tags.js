// Owns the list of a repository's tags.
//
// Exports
//   tagList(context, repository)     a node
//   tagHref(repository, tag)         the page of a tag, by its name
//   imageOf(repository, tag)         what clients call its image: "registry.example.com/acme/shop:1.0"
//   imageAt(repository, digest)      the same by its digest
//   digestCell(digest, of)           a cell with the beginning of a digest, and its copy button; of says to screen readers of what
//   pullCell(image, of)              a cell that copies the line which pulls the image
//   newestTag(repository, signal)    { tag, count }: a tag to show in lines, null if there is none; how many there are

import { get, inBatches, list as readPage } from "../lib/api.js";
import { copyButton } from "../lib/copy.js";
import { button, h, linkButton, path } from "../lib/dom.js";
import { fewOrPages } from "../lib/few.js";
import { focusHeading } from "../lib/focus.js";
import { mayDeleteTags, mayPush } from "../lib/level.js";
import { DATE, list, TEXT } from "../lib/list.js";
import { apiPath, fullName, pageHref } from "../lib/names.js";
import { registryHost } from "../lib/session.js";
import { when } from "../lib/time.js";
import { size } from "../lib/words.js";
import { immutableMark } from "./immutable.js";
import { byImage, deleteTags, sharers } from "./tag-delete.js";

const PLATFORMS = 2;
const DIGITS = 12;
/** Tags of the same image that a row names. */
const SAME = 3;

/** @param {Api.Repository} repository */
const tagsPath = (repository) => `${apiPath(repository)}/tags`;

/** @param {RepositoryName} repository @param {string} tag */
export const tagHref = (repository, tag) => pageHref(repository) + path`/tags/${tag}`;

/** What clients call the image of a tag. @param {Api.Repository} repository @param {string} tag */
export const imageOf = (repository, tag) => `${registryHost()}/${fullName(repository)}:${tag}`;

/** @param {Api.Repository} repository @param {string} digest */
export const imageAt = (repository, digest) => `${registryHost()}/${fullName(repository)}@${digest}`;

/**
 * @param {Api.Repository} repository @param {AbortSignal} signal @returns {Promise<{ tag: Api.Tag | null, count: number }>}
 */
export async function newestTag(repository, signal) {
  const { body, count } = await readPage(tagsPath(repository), { query: { pageSize: 100, count: true }, signal });
  const latest = body.find((/** @type {Api.Tag} */ tag) => tag.name === "latest");
  const newest = body.toSorted((/** @type {Api.Tag} */ one, /** @type {Api.Tag} */ two) => (one.updatedAt < two.updatedAt ? 1 : -1))[0];
  return { tag: latest ?? newest ?? null, count: count ?? 0 };
}

/** @param {string} digest @param {string} of */
export function digestCell(digest, of) {
  const [way, hex] = digest.split(":");
  const code = h("code", { title: digest }, `${way}:${hex.slice(0, DIGITS)}…`);
  const unseen = h("code.unseen", digest);
  return h("div.digest", code, unseen, copyButton("Copy", () => digest, unseen, { class: "button plain small", of: ` the digest of ${of}` }));
}

/** @param {Api.Tag} tag */
function platforms({ platforms: all }) {
  if (all.length === 0) return h("span.quiet", "not known");
  const more = all.length - PLATFORMS;
  return [all.slice(0, PLATFORMS).join(", "), more > 0 && h("small", { title: all.join("\n") }, `and ${more} more`)];
}

/** @param {Api.Tag} tag @param {Api.Tag[]} all */
function nameCell(tag, all) {
  const same = sharers([tag], all).map(({ name }) => name);
  const more = same.length - SAME;
  return [tag.name, immutableMark(tag), same.length > 0 && h("small", { title: more > 0 ? same.join("\n") : null }, `same image: ${same.slice(0, SAME).join(", ")}${more > 0 ? ` and ${more} more` : ""}`)];
}

/** @param {string} image @param {string} of */
export function pullCell(image, of) {
  const text = `docker pull ${image}`;
  const unseen = h("code.unseen", { "aria-hidden": "true" }, text);
  return h("div.digest", unseen, copyButton("Copy pull line", () => text, unseen, { class: "button plain small", of: ` of ${of}`, title: text }));
}

/** @param {Api.Repository} repository @param {() => Map<string, Api.Tag[]>} images @returns {Column<Api.Tag>[]} */
const columns = (repository, images) => [
  { label: "Tag", sort: "name", isName: true, by: (tag) => tag.name, cell: (tag) => nameCell(tag, images().get(tag.digest) ?? []) },
  // A tag that was adopted was pushed before it was seen.
  { label: "Seen since", sort: "pushed", ways: DATE, by: (tag) => new Date(tag.updatedAt), cell: (tag) => [when(tag.updatedAt), tag.pushedBy && h("small", `by ${tag.pushedBy}`)] },
  { label: "Size", sort: "size", ways: ["smallest first", "largest first"], by: (tag) => tag.manifest.size, cell: (tag) => size(tag.manifest.size) || h("span.quiet", "not known") },
  { label: "Platforms", cell: platforms },
  { label: "Digest", sort: "digest", ways: TEXT, by: (tag) => tag.digest, cell: (tag) => digestCell(tag.digest, tag.name) },
  { label: "", isEnd: true, cell: (tag) => pullCell(imageOf(repository, tag.name), tag.name) },
];

/** @param {Api.Repository} repository */
function empty(repository) {
  const text = mayPush(repository.accessLevel)
    ? "No images yet. Push one and its tag appears here."
    : "No images yet. Anyone who may push can add the first one.";
  return h("div.empty", h("p", text), mayPush(repository.accessLevel) && linkButton("How to push", pageHref(repository), "primary"));
}

/**
 * The tags of the same images, of which a page of a long list has some only.
 * @param {Context} context @param {Api.Repository} repository @param {Api.Tag[]} chosen @returns {Promise<Api.Tag[]>}
 */
async function readSharers({ signal }, repository, chosen) {
  const digests = [...byImage(chosen).keys()];
  const found = await inBatches(digests, (digest) => get(tagsPath(repository) + path`/${digest}`, { signal }));
  return sharers(chosen, found.flat());
}

/** @param {Context} context @param {Api.Repository} repository */
export async function tagList(context, repository) {
  let images = byImage([]);
  /** @type {Parameters<typeof fewOrPages<Api.Tag>>[0]} */
  const read = async ({ start, size: pageSize, signal }) => {
    const { body, next } = await readPage(tagsPath(repository), { query: { pageStart: start, pageSize }, signal });
    images = byImage(body);
    return { rows: body, next };
  };
  const from = await fewOrPages(read, context.signal, {
    columns: columns(repository, () => images),
    search: "Search tags",
    sort: "-pushed",
    matches: (tag) => [tag.name, tag.digest, tag.pushedBy ?? "", ...tag.platforms].join(" "),
  });
  /** @param {Api.Tag[]} rows @param {() => void} clear */
  const act = async (rows, clear) => {
    const same = from.all ? sharers(rows, tags.rows()) : await readSharers(context, repository, rows);
    if (context.signal.aborted || !(await deleteTags(repository, rows, same))) return;
    clear();
    await tags.reload();
    focusHeading();
  };
  const tags = await list({
    context,
    name: ["tag"],
    isBrief: true,
    href: (tag) => tagHref(repository, tag.name),
    id: (tag) => tag.name,
    empty: () => empty(repository),
    actions: mayDeleteTags(repository.accessLevel) ? (rows, clear) => [button("Delete", { kind: "danger", onclick: () => act(rows, clear) })] : null,
    ...from,
  });
  return tags.node;
}
