// Owns the words of the audit log: the actions as the document of the API has them, credentials as people say them.
//
// Exports
//   actions(text)            suggestions for a field: the known actions that contain the text, with what each means
//   credential(text)         "password", "access token", "session", …
//   tokenId(text)            the access token's id in it, or null
//   times(count)             "33 times"

import { get } from "../lib/api.js";
import { figure } from "../lib/words.js";

const DOCUMENT = "/api/v0/openapi.json";

/** @type {Record<string, string>} */
const CREDENTIALS = {
  none: "no credential",
  accessToken: "access token",
  registryToken: "registry token",
  session: "session",
  socket: "local socket",
  system: "dockpass itself",
  registry: "the registry",
};

/** @type {{ const: string, description: string }[] | null} */
let acts = null;

/**
 * What the document knows of a record's action: the words, each with what was done.
 * @returns {Promise<{ const: string, description: string }[]>}
 */
const read = async () => {
  const { components } = await get(DOCUMENT, { mayEnd: false });
  return components.schemas.AuditRecord.properties.action.anyOf.filter((/** @type {{ const?: string }} */ it) => it.const);
};

/** @param {string} text */
export async function actions(text) {
  const part = text.trim().toLowerCase();
  if (!part) return [];
  acts ??= await read();
  return acts.filter((it) => it.const.toLowerCase().includes(part)).map((it) => ({ value: it.const, hint: it.description }));
}

/** @param {string} text */
export function credential(text) {
  const [kind] = text.split(":");
  return CREDENTIALS[kind] ?? kind;
}

/** @param {string} text @returns {string | null} */
export const tokenId = (text) => text.split(":")[1] ?? null;

/** @param {number} count */
export const times = (count) => `${figure(count)} times`;
