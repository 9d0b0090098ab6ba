// Owns the field that narrows the list of repositories to a namespace: each namespace has a page of its own, the field leads
// there and back.
//
// Exports
//   namespaceField(context, present)           a node for the tools of the list
//   namespaces(text, signal)                   suggestions for complete.js

import { get } from "../lib/api.js";
import { leadingField } from "../lib/complete.js";
import { namespaceHref } from "../lib/names.js";

/** @type {Suggest} */
export async function namespaces(text, signal) {
  const query = text.trim().toLowerCase();
  if (!query) return [];
  /** @type {Api.Autocomplete} */
  const found = await get("/api/v0/index/autocomplete", { query: { query, limit: 20 }, signal });
  /** @type {[string, string][]} */
  const accounts = found.accountResults.map((it) => [it.name, it.fullName]);
  // A namespace may have lost its account, and a narrowed session sees no accounts.
  /** @type {[string, string][]} */
  const others = found.repositoryResults.filter((it) => it.namespace.includes(query)).map((it) => [it.namespace, ""]);
  return [...new Map([...others, ...accounts])].map(([value, hint]) => ({ value, hint }));
}

/** @param {Context} context @param {string} [present] */
export function namespaceField(context, present = "") {
  return leadingField({ name: "namespace", label: "Namespace", placeholder: "All namespaces", value: present, suggest: namespaces, lead: (asked) => {
    const q = context.query.get("q");
    context.go((asked ? namespaceHref(asked) : "/repositories") + (q ? `?${new URLSearchParams({ q })}` : ""));
  } });
}
