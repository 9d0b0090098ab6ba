// Owns which tags of a repository are immutable: the form for it, and the mark of one that is.
//
// Exports
//   immutableTags(context, repository)     a section of the settings
//   immutableMark(tag)                     a lock beside the name of a tag that nobody overwrites; null for others
//   wrongTagPattern(text)                  what is wrong with a pattern of tags, or null

import { patch } from "../lib/api.js";
import { chipsField } from "../lib/complete.js";
import { h, svg } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { apiPath, pageHref } from "../lib/names.js";
import { say } from "../lib/notice.js";

const CHOICES = [
  ["none", "None", "Whoever may push may overwrite any tag"],
  ["all", "All tags", "Each tag is pushed once, and stays as it is"],
  ["some", "Tags that match", "Such as v* for all that begin with v; other tags can be overwritten"],
];

const WHY_NOT = "Tags cannot be immutable here: pushes do not go through dockpass, so the registry takes every one of them. Whoever runs the server can change that (registry.upstream in its configuration).";
const IDLE = "This repository asks for immutable tags, but no tag is: pushes do not go through dockpass any more, so the registry takes every one of them. Whoever runs the server can change that (registry.upstream in its configuration).";

const MOST = 20;
const PATTERN = /^[\w*][\w.*-]{0,127}$/;

/** @param {string} text */
export const wrongTagPattern = (text) =>
  (PATTERN.test(text) ? null : `${text} is no pattern: letters, digits, _ . - and * for any characters, such as v* or release-*.`);

/** Some that are common. @type {Suggest} */
const common = async (text) => [
  { value: "v*", hint: "all that begin with v" },
  { value: "release-*", hint: "all that begin with release-" },
  { value: "*.*.*", hint: "three parts, such as 1.4.2" },
].filter(({ value }) => value.startsWith(text.trim()));

/** @param {Api.Repository} repository */
const chosen = ({ immutableTags: isAll, immutableTagPatterns: patterns }) => (isAll ? "all" : patterns.length > 0 ? "some" : "none");

/** @param {Context} context @param {Api.Repository} repository */
function immutableForm(context, repository) {
  const present = chosen(repository);
  const isHeld = context.session.immutableTagsHold;
  const reason = present === "none" ? WHY_NOT : IDLE;
  const choice = field({ name: "immutableTags", label: "Tags that nobody overwrites", type: "radio", options: CHOICES, value: present, hint: isHeld ? "" : reason });
  const patterns = chipsField({
    name: "immutableTagPatterns", label: "Patterns", values: repository.immutableTagPatterns, suggest: common, check: wrongTagPattern, placeholder: "v* or release-*",
    hint: `A tag that matches one of them is immutable. At most ${MOST}; * stands for any characters.`,
  });
  const follow = () => (patterns.node.hidden = choice.value !== "some");
  choice.onchange(follow);
  follow();
  // What was chosen while it was held can be taken back.
  if (!isHeld) for (const box of choice.node.querySelectorAll("input")) box.disabled = ![present, "none"].includes(box.value);
  const { node } = form({
    fields: [choice, {
      ...patterns,
      get value() { return patterns.value; },
      get typed() { return patterns.typed; },
      check: () => (choice.value === "some" ? patterns.check?.() ?? wrongCount(patterns.value.length) : null),
    }],
    submit: "Save immutable tags",
    onsubmit: async ({ immutableTags, immutableTagPatterns }) => {
      const body = { immutableTags: immutableTags === "all", immutableTagPatterns: immutableTags === "some" ? immutableTagPatterns : [] };
      await patch(apiPath(repository), { body });
      say("Saved");
      await context.go(pageHref(repository));
    },
    hold: context.hold,
  });
  return node;
}

/** @param {number} count */
function wrongCount(count) {
  if (count === 0) return "Add a pattern, or choose None.";
  return count > MOST ? `At most ${MOST} patterns.` : null;
}

/** @param {Context} context @param {Api.Repository} repository */
export function immutableTags(context, repository) {
  return h("section", h("h2", "Immutable tags"), h("div.stack.tight",
    h("p", "Nobody overwrites an immutable tag, administrators included. To push another image by its name, delete the tag first."),
    immutableForm(context, repository)));
}

/** @param {Api.Tag} tag */
export const immutableMark = ({ isImmutable }) => (isImmutable
  ? svg("svg.lock", { viewBox: "0 0 12 16", role: "img", "aria-label": "immutable" },
    svg("title", "Immutable: nobody overwrites it"),
    svg("path", { d: "M2 7V5a4 4 0 0 1 8 0v2h1v8H1V7zm2 0h4V5a2 2 0 0 0-4 0z" }))
  : null);
