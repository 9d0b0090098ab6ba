// Owns the settings that administrators of a repository change: description, visibility, immutable tags; and its deletion.
//
// Exports
//   repositorySettings(context, repository)     nodes

import { patch, removeNoting } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, h } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { apiPath, fullName, namespaceHref, pageHref } from "../lib/names.js";
import { say } from "../lib/notice.js";
import { immutableTags } from "./immutable.js";
import { shortField, visibilityField } from "./new.js";

/** @param {Context} context @param {Api.Repository} repository */
function editForm(context, repository) {
  const { node } = form({
    fields: [
      shortField(repository.shortDescription),
      field({ name: "longDescription", label: "Long description", type: "textarea", rows: 10, value: repository.longDescription, hint: "Shown as plain text" }),
      visibilityField(repository.visibility),
    ],
    submit: "Save",
    onsubmit: async (body) => {
      await patch(apiPath(repository), { body });
      say("Saved");
      await context.go(pageHref(repository));
    },
    hold: context.hold,
  });
  return node;
}

/** @param {Context} context @param {Api.Repository} repository */
async function deleteRepository(context, repository) {
  const done = await ask({
    title: `Delete ${fullName(repository)}?`,
    body: [
      "Its description, counts and access are deleted at once. This cannot be undone.",
      "Its images are deleted, too, if dockpass reaches the registry and may delete there. Otherwise they stay in the registry.",
      "A later push to this name creates a new repository.",
    ],
    typed: "delete",
    confirm: "Delete",
    kind: "danger primary",
    act: () => removeNoting(apiPath(repository)),
  });
  if (done === null) return;
  context.hold(null);
  say(`Repository deleted. ${done.warning ?? ""}`.trim());
  context.go(namespaceHref(repository.namespace), { replace: true });
}

/** @param {Context} context @param {Api.Repository} repository */
export function repositorySettings(context, repository) {
  return [
    h("section", h("h2", "Description and visibility"), editForm(context, repository)),
    immutableTags(context, repository),
    h("section", h("h2", "Delete"), h("div.stack.tight",
      h("p", "Deletes the repository with its tags, and the access that was given to it."),
      button("Delete repository", { kind: "danger", onclick: () => deleteRepository(context, repository) }))),
  ];
}
