// Owns the list of a repository's tags, and deleting them.
//
// Exports
//   tagList(context, repository)     a node
//   newestTag(repository, signal)    { tag, count }: a tag to show in lines, null if there is none; how many there are

import { isGone, list as readPage, readAll, remove } from "./api.js";
import { mayPush } from "./access-level.js";
import { copyButton } from "./copy.js";
import { apiPath, fullName, pageHref } from "./repository-name.js";
import { size } from "./repository-size.js";
import { ask } from "./dialog.js";
import { button, h, linkButton, path, plural } from "./dom.js";
import { list } from "./list.js";
import { say } from "./notice.js";
import { when } from "./time.js";

const NAMED = 8;
const PLATFORMS = 2;
/** Up to so many tags are read at once, and searched and sorted here; of more, the server gives page after page. */
const WHOLE = 1_000;
const DIGITS = 12;

const tagsPath = (repository) => `${apiPath(repository)}/tags`;

export async function newestTag(repository, signal) {
  const { body, count } = await readPage(tagsPath(repository), { query: { pageSize: 100, count: true }, signal });
  const latest = body.find((tag) => tag.name === "latest");
  const newest = body.toSorted((one, two) => (one.updatedAt < two.updatedAt ? 1 : -1))[0];
  return { tag: latest ?? newest ?? null, count };
}

function digest({ digest: whole, name }) {
  const [way, hex] = whole.split(":");
  const code = h("code", { title: whole }, `${way}:${hex.slice(0, DIGITS)}…`);
  const unseen = h("code.unseen", whole);
  return h("div.digest", code, unseen, copyButton("Copy", () => whole, unseen, { class: "button plain small", "aria-label": `Copy the digest of ${name}` }));
}

function platforms({ platforms: all }) {
  if (all.length === 0) return h("span.quiet", "not known");
  const more = all.length - PLATFORMS;
  return [all.slice(0, PLATFORMS).join(", "), more > 0 && h("small", { title: all.join("\n") }, `and ${more} more`)];
}

const columns = (isLocal) => [
  { label: "Tag", sort: isLocal && "name", isName: true, by: (tag) => tag.name, cell: (tag) => tag.name },
  { label: "Pushed", sort: isLocal && "pushed", by: (tag) => new Date(tag.updatedAt), cell: (tag) => when(tag.updatedAt) },
  { label: "Size", sort: isLocal && "size", by: (tag) => tag.manifest.size, cell: (tag) => size(tag.manifest.size) || h("span.quiet", "not known") },
  { label: "Platforms", cell: platforms },
  { label: "Digest", cell: digest },
];

/** Deletes one after the other; what is gone already is as good as deleted. */
async function removeAll(repository, tags, done) {
  for (const { name } of tags) {
    await remove(tagsPath(repository) + path`/${name}`).catch((error) => {
      if (!isGone(error)) throw tags.length > 1 ? Object.assign(error, { message: `${name}: ${error.message}` }) : error;
    });
    done.add(name);
  }
}

/** True if any was deleted. */
async function deleteTags(repository, tags) {
  const names = tags.slice(0, NAMED).map((tag) => h("li", h("code", `${fullName(repository)}:${tag.name}`)));
  const more = tags.length - NAMED;
  const done = new Set();
  const result = await ask({
    title: `Delete ${tags.length === 1 ? "this tag" : plural(tags.length, "tag")}?`,
    body: [
      h("ul.stack.tight", names, more > 0 && h("li.quiet", `and ${more.toLocaleString("en")} more`)),
      "It goes here and in the registry. Nobody can pull it by this name any more, and there is no way back.",
    ],
    typed: "delete",
    confirm: "Delete",
    kind: "danger primary",
    act: () => removeAll(repository, tags.filter((tag) => !done.has(tag.name)), done),
  });
  if (result !== null) say(tags.length === 1 ? "Tag deleted" : `${plural(tags.length, "tag")} deleted`);
  return done.size > 0;
}

function empty(repository) {
  const text = mayPush(repository.accessLevel)
    ? "No image is here yet. Push one, and its tag appears."
    : "No image is here yet. Who may push puts the first one here.";
  return h("div.empty", h("p", text), linkButton("How to push", pageHref(repository), "primary"));
}

/** Where the tags come from: whole if they are few, page after page if not. */
async function source(context, repository) {
  const api = tagsPath(repository);
  const first = await readPage(api, { query: { pageSize: WHOLE }, signal: context.signal });
  let known = first.next ? null : first.body;
  if (known === null) {
    const page = async ({ start, size: pageSize, signal }) => {
      const { body, next } = await readPage(api, { query: { pageStart: start, pageSize }, signal });
      return { rows: body, next };
    };
    return { page };
  }
  const all = async ({ signal }) => {
    const rows = known ?? (await readAll(api, { signal }));
    known = null;
    return rows;
  };
  return { all, search: "Search tags", sort: "-pushed" };
}

export async function tagList(context, repository) {
  const from = await source(context, repository);
  const act = async (rows, clear) => {
    if (!(await deleteTags(repository, rows))) return;
    clear();
    await tags.reload();
    document.querySelector("main h1")?.focus({ preventScroll: true });
  };
  const tags = await list({
    context,
    name: ["tag"],
    columns: columns(Boolean(from.all)),
    id: (tag) => tag.name,
    matches: (tag) => [tag.name, tag.digest, ...tag.platforms].join(" "),
    empty: () => empty(repository),
    actions: mayPush(repository.accessLevel) ? (rows, clear) => [button("Delete", { kind: "danger", onclick: () => act(rows, clear) })] : null,
    ...from,
  });
  return tags.node;
}
