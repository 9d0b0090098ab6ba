// Owns the dialog that makes a repository, and the fields that making and changing one have in common.
//
// Exports
//   newRepository(context, namespace)     leads to the new repository's page
//   shortField(value)                     the short description
//   visibilityField(value)

import { post } from "../lib/api.js";
import { suggestField } from "../lib/complete.js";
import { ask } from "../lib/dialog.js";
import { path } from "../lib/dom.js";
import { beside, field } from "../lib/form.js";
import { pageHref } from "../lib/names.js";
import { say } from "../lib/notice.js";
import { namespaces } from "./namespace.js";

const WRONG = { NO_SUCH_ACCOUNT: "namespace", NOT_AUTHORIZED: "namespace" };

const VISIBILITIES = [
  ["private", "Private", "Only people with access"],
  ["public", "Public", "Everyone can view and pull, signed in or not"],
];

const MOST_SHORT = 140;

/** @param {string} [value] */
export const shortField = (value = "") => field({
  name: "shortDescription", label: "Description", value, autocomplete: "off", hint: "One line that says what it is for",
  check: (text) => ([...text].length > MOST_SHORT ? `At most ${MOST_SHORT} characters.` : null),
});

/** @param {string} [value] */
export const visibilityField = (value = "private") =>
  field({ name: "visibility", label: "Visibility", type: "radio", options: VISIBILITIES, value });

/** @param {Context} context @param {string} [namespace] */
export async function newRepository(context, namespace) {
  const fields = [
    suggestField({
      name: "namespace", label: "Namespace", value: namespace ?? context.session.username, required: true, autocapitalize: "off",
      hint: context.session.isAdmin
        ? "Any namespace. Type _ for a repository without namespace, which only administrators create."
        : "Yours, or one that you administer, such as an organization’s.",
      suggest: namespaces,
    }),
    field({
      name: "name", label: "Name", required: true, autocomplete: "off", autocapitalize: "off",
      hint: "For example shop or tools/lint: lower-case letters and digits, with . _ - or / between them.",
    }),
    shortField(),
    visibilityField(),
  ];
  const made = await ask({
    title: "New repository",
    fields,
    confirm: "Create",
    act: ({ namespace: within, ...body }) =>
      post(path`/api/v0/repositories/${within.trim()}`, { body: { ...body, name: body.name.trim() } }).catch(beside(WRONG)),
  });
  if (made === null) return;
  say("Repository created");
  context.go(pageHref(made));
}
