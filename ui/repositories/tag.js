// Owns the page of a tag: what it points to, who pushed it, the lines that pull it, for each platform too, the other tags of the same
// image.
//
// Exports
//   tag      the page

import { get } from "../lib/api.js";
import { block, copyButton } from "../lib/copy.js";
import { breakable, button, facts, h, head, path } from "../lib/dom.js";
import { mayDeleteTags } from "../lib/level.js";
import { apiPath, fullName, namespaceHref, namespaceName, pageHref } from "../lib/names.js";
import { makeTable } from "../lib/table.js";
import { whenExactly } from "../lib/time.js";
import { size } from "../lib/words.js";
import { immutableMark } from "./immutable.js";
import { deleteTags } from "./tag-delete.js";
import { digestCell, imageAt, imageOf, pullCell, tagHref } from "./tags.js";

const unknown = () => h("span.quiet", "not known");

/** @param {Context} context @param {Api.Repository} repository @param {Api.Tag} tag @param {Api.Tag[]} same */
function deleteButton(context, repository, tag, same) {
  const onclick = async () => {
    const done = await deleteTags(repository, [tag], same);
    if (done) context.go(`${pageHref(repository)}?tab=tags`, { replace: true });
  };
  return button("Delete", { kind: "danger", onclick });
}

/** @param {Api.Tag} tag @param {Api.Session} session */
function pusher({ pushedBy }, session) {
  if (!pushedBy) return null;
  // What has a slash is a robot of an organization.
  return session.isAdmin && !pushedBy.includes("/") ? h("a", { href: path`/people/${pushedBy}` }, pushedBy) : pushedBy;
}

/** @param {Api.Tag} tag */
function sizeOf({ manifest, platforms: all }) {
  const told = size(manifest.size);
  if (!told) return unknown();
  return all.length > 1 ? `${told} over ${all.length} platforms` : told;
}

/** @param {Api.Tag} tag @param {Api.Session} session */
function details(tag, session) {
  const { manifest } = tag;
  const digest = h("code", tag.digest);
  // The tag may have pointed to another image before.
  const isMoved = tag.createdAt !== tag.updatedAt;
  return facts([
    ["Digest", h("div.digest.whole", digest, copyButton("Copy", () => tag.digest, digest, { class: "button plain small", of: " the digest" }))],
    ["Pushed by", pusher(tag, session) ?? unknown()],
    [isMoved ? "Points there since" : "Seen since", whenExactly(tag.updatedAt)],
    isMoved && ["First seen", whenExactly(tag.createdAt)],
    tag.isImmutable && ["Immutable", [immutableMark(tag), " nobody overwrites it; deleting it frees its name"]],
    tag.platforms.length < 2 && ["Platform", tag.platforms[0] ?? unknown()],
    ["Size", sizeOf(tag)],
    manifest.createdAt ? ["Image made", whenExactly(manifest.createdAt)] : null,
    ["Author", tag.author],
    ["Media type", h("code", breakable(manifest.mediaType, "."))],
    manifest.configDigest ? ["Configuration", h("code", manifest.configDigest)] : null,
  ]);
}

/** @param {Api.Repository} repository @param {Api.Tag[]} same */
function sameImage(repository, same) {
  if (same.length === 0) return null;
  const links = same.map((it) => h("a", { href: tagHref(repository, it.name) }, it.name));
  return h("section", h("h2", "Same image"), h("div.stack.tight",
    h("p", "These tags have the same digest."),
    h("div.row", links)));
}

/** @param {Api.Repository} repository @param {Api.Tag} tag */
const pull = (repository, tag) => h("section", h("h2", "Pull"), h("div.lines.wrapped",
  h("p.quiet", "By its tag: what the tag points to when you pull."),
  block(`docker pull ${imageOf(repository, tag.name)}`, "The line that pulls by tag"),
  h("p.quiet", "By its digest: this image, wherever the tag moves."),
  block(`docker pull ${imageAt(repository, tag.digest)}`, "The line that pulls by digest")));

/** The images of a list, each for its platform. @param {Api.Repository} repository @param {Api.Tag} tag */
function platforms(repository, { platformImages: images }) {
  if (images.length < 2) return null;
  /** @type {Column<Api.PlatformImage>[]} */
  const columns = [
    { label: "Platform", isName: true, cell: (it) => it.platform },
    { label: "Size", cell: (it) => (it.size === null ? unknown() : size(it.size)) },
    { label: "Digest", cell: (it) => (it.digest === null ? unknown() : digestCell(it.digest, it.platform)) },
    { label: "", isEnd: true, cell: (it) => it.digest !== null && pullCell(imageAt(repository, it.digest), it.platform) },
  ];
  const table = makeTable({ label: "platforms", columns });
  table.body.append(...images.map((it) => table.row({}, it)));
  return h("section", h("h2", "Platforms"), h("div.list", table.node));
}

/** @param {{ params: Record<string, string> }} context @returns {RepositoryName} */
const named = ({ params }) => ({ namespace: params.namespace, name: params.reponame });

/** @param {Context} context */
async function render(context) {
  const { params, signal, session } = context;
  const api = apiPath(named(context));
  /** @type {[Api.Repository, Api.Tag[]]} */
  const [repository, [tag]] = await Promise.all([get(api, { signal }), get(`${api}/tags${path`/${params.tag}`}`, { signal })]);
  /** @type {Api.Tag[]} */
  const all = await get(`${api}/tags${path`/${tag.digest}`}`, { signal });
  const same = all.filter(({ name }) => name !== tag.name);
  return [
    ...head(breakable(`${fullName(repository)}:${tag.name}`, "/"), {
      crumbs: [
        ["Repositories", "/repositories"],
        [namespaceName(repository.namespace), namespaceHref(repository.namespace)],
        [repository.name, pageHref(repository)],
        ["Tags", `${pageHref(repository)}?tab=tags`],
      ],
      actions: mayDeleteTags(repository.accessLevel) && deleteButton(context, repository, tag, same),
    }),
    h("section", details(tag, session)),
    pull(repository, tag),
    platforms(repository, tag),
    sameImage(repository, same),
  ];
}

/** @type {Page} */
export const tag = { title: (context) => `${fullName(named(context))}:${context.params.tag}`, render };
