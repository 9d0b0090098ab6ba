import assert from "node:assert/strict";
import test from "node:test";
import { field, form } from "../../../ui/lib/form.js";
import { standIn } from "./dom.js";

test.beforeEach(standIn);

test("a group of choices says that it is needed, and that it is wrong, with the reason", () => {
  const level = field({ name: "level", label: "Access", type: "radio", options: [["push", "Push"], ["admin", "Admin"]], required: true });
  const { attributes, children } = level.node;
  assert.deepEqual([attributes.role, attributes["aria-required"]], ["radiogroup", "true"]);
  assert.equal(attributes["aria-describedby"], children.at(-1).attributes.id);
  assert.equal(level.check(), "Choose one.");
  level.fail("Choose one.");
  assert.deepEqual([attributes["aria-invalid"], children.at(-1).textContent], ["true", "Choose one."]);
  level.fail(null);
  assert.equal(attributes["aria-invalid"], undefined);
  assert.equal(field({ name: "purpose", label: "For what?", type: "radio", options: [["ci", "CI"]] }).node.attributes["aria-required"], undefined);
});

test("a form knows whether something was changed and not sent", () => {
  const label = field({ name: "label", label: "Description", value: "laptop" });
  const made = form({ fields: [label], submit: "Save", onsubmit: () => {} });
  assert.equal(made.isChanged(), false);
  label.value = "desk";
  assert.equal(made.isChanged(), true);
  label.value = "laptop";
  assert.equal(made.isChanged(), false);
});
