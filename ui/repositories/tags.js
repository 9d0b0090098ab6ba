// Owns the list of a repository's tags.
//
// Exports
//   tagList(context, repository)     a node
//   newestTag(repository, signal)    { tag, count }: a tag to show in lines, null if there is none; how many there are

import { list as readPage, readAll } from "../lib/api.js";
import { copyButton } from "../lib/copy.js";
import { button, h, linkButton } from "../lib/dom.js";
import { focusHeading } from "../lib/focus.js";
import { mayDeleteTags, mayPush } from "../lib/level.js";
import { list } from "../lib/list.js";
import { apiPath, pageHref } from "../lib/names.js";
import { when } from "../lib/time.js";
import { size } from "../lib/words.js";
import { deleteTags } from "./tag-delete.js";

const PLATFORMS = 2;
/** Up to so many tags are read at once, and searched and sorted here; of more, the server gives page after page. */
const WHOLE = 1_000;
const DIGITS = 12;

/** @param {Api.Repository} repository */
const tagsPath = (repository) => `${apiPath(repository)}/tags`;

/**
 * @param {Api.Repository} repository @param {AbortSignal} signal @returns {Promise<{ tag: Api.Tag | null, count: number }>}
 */
export async function newestTag(repository, signal) {
  const { body, count } = await readPage(tagsPath(repository), { query: { pageSize: 100, count: true }, signal });
  const latest = body.find((/** @type {Api.Tag} */ tag) => tag.name === "latest");
  const newest = body.toSorted((/** @type {Api.Tag} */ one, /** @type {Api.Tag} */ two) => (one.updatedAt < two.updatedAt ? 1 : -1))[0];
  return { tag: latest ?? newest ?? null, count: count ?? 0 };
}

/** @param {Api.Tag} tag */
function digest({ digest: whole, name }) {
  const [way, hex] = whole.split(":");
  const code = h("code", { title: whole }, `${way}:${hex.slice(0, DIGITS)}…`);
  const unseen = h("code.unseen", whole);
  return h("div.digest", code, unseen, copyButton("Copy", () => whole, unseen, { class: "button plain small", of: ` the digest of ${name}` }));
}

/** @param {Api.Tag} tag */
function platforms({ platforms: all }) {
  if (all.length === 0) return h("span.quiet", "not known");
  const more = all.length - PLATFORMS;
  return [all.slice(0, PLATFORMS).join(", "), more > 0 && h("small", { title: all.join("\n") }, `and ${more} more`)];
}

/** @param {boolean} isLocal @returns {Column<Api.Tag>[]} */
const columns = (isLocal) => [
  { label: "Tag", sort: isLocal && "name", isName: true, by: (tag) => tag.name, cell: (tag) => tag.name },
  // A tag that was adopted was pushed before it was seen.
  { label: "Seen since", sort: isLocal && "pushed", by: (tag) => new Date(tag.updatedAt), cell: (tag) => when(tag.updatedAt) },
  { label: "Size", sort: isLocal && "size", by: (tag) => tag.manifest.size, cell: (tag) => size(tag.manifest.size) || h("span.quiet", "not known") },
  { label: "Platforms", cell: platforms },
  { label: "Digest", cell: digest },
];

/** @param {Api.Repository} repository */
function empty(repository) {
  const text = mayPush(repository.accessLevel)
    ? "No image is here yet. Push one, and its tag appears."
    : "No image is here yet. Who may push puts the first one here.";
  return h("div.empty", h("p", text), mayPush(repository.accessLevel) && linkButton("How to push", pageHref(repository), "primary"));
}

/**
 * Where the tags come from: whole if they are few, page after page if not.
 * @param {Context} context @param {Api.Repository} repository @returns {Promise<Partial<ListOptions<Api.Tag>>>}
 */
async function source(context, repository) {
  const api = tagsPath(repository);
  const first = await readPage(api, { query: { pageSize: WHOLE }, signal: context.signal });
  let known = first.next ? null : first.body;
  if (known === null) {
    /** @param {any} wanted */
    const page = async ({ start, size: pageSize, signal }) => {
      const { body, next } = await readPage(api, { query: { pageStart: start, pageSize }, signal });
      return { rows: body, next };
    };
    return { page };
  }
  /** @param {{ signal: AbortSignal }} options */
  const all = async ({ signal }) => {
    const rows = known ?? (await readAll(api, { signal }));
    known = null;
    return rows;
  };
  return { all, search: "Search tags", sort: "-pushed" };
}

/** @param {Context} context @param {Api.Repository} repository */
export async function tagList(context, repository) {
  const from = await source(context, repository);
  /** @param {Api.Tag[]} rows @param {() => void} clear */
  const act = async (rows, clear) => {
    if (!(await deleteTags(repository, rows))) return;
    clear();
    await tags.reload();
    focusHeading();
  };
  const tags = await list({
    context,
    name: ["tag"],
    columns: columns(Boolean(from.all)),
    id: (tag) => tag.name,
    matches: (tag) => [tag.name, tag.digest, ...tag.platforms].join(" "),
    empty: () => empty(repository),
    actions: mayDeleteTags(repository.accessLevel) ? (rows, clear) => [button("Delete", { kind: "danger", onclick: () => act(rows, clear) })] : null,
    ...from,
  });
  return tags.node;
}
