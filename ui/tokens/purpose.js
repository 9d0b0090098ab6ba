// Owns what an access token is for: the first question of the page that makes one, and what follows from its answer.
//
// Exports
//   purposeField(value)     a field of form.js
//   PURPOSES                { key: { label, level, days, client } }: the weakest level that does the work, a usual length of life,
//                           and the client (lines.js) whose lines are in front; null where nothing follows

import { field } from "../lib/form.js";

/**
 * @typedef {{ name: string, label: string | null, level: Api.AccessLevel | null, days: number | null, client: string | null }} Purpose
 * @type {Record<string, Purpose>}
 */
export const PURPOSES = {
  computer: { name: "My computer", label: "My computer", level: "push", days: 90, client: "docker" },
  github: { name: "GitHub Actions", label: "GitHub Actions", level: "push", days: 90, client: "github" },
  gitlab: { name: "GitLab CI", label: "GitLab CI", level: "push", days: 90, client: "gitlab" },
  kubernetes: { name: "Kubernetes", label: "Kubernetes", level: "read-only", days: 365, client: "kubernetes" },
  jenkins: { name: "Jenkins", label: "Jenkins", level: "push", days: 90, client: "jenkins" },
  helm: { name: "Helm", label: "Helm", level: "read-only", days: 90, client: "helm" },
  other: { name: "Other", label: null, level: null, days: null, client: null },
};

/** @param {string} [value] */
export const purposeField = (value = "") => {
  const made = field({ name: "purpose", label: "For what?", type: "radio", options: Object.entries(PURPOSES).map(([key, { name }]) => [key, name]), value });
  made.node.classList.add("beside");
  return made;
};
