// Owns the words of the audit log: the actions as the document of the API has them, credentials as people say them.
//
// Exports
//   actions(text)            suggestions for a field: the known actions that contain the text, with what each means
//   credential(text)         "password", "access token", "session", …
//   tokenId(text)            the access token's id in it, or null
//   times(count)             "33 times"

import { get } from "./api.js";

const DOCUMENT = "/api/v0/openapi.json";

const CREDENTIALS = {
  none: "no credential",
  accessToken: "access token",
  registryToken: "registry token",
  session: "session",
  socket: "local socket",
  system: "dockpass itself",
  registry: "the registry",
};

let acts = null;

/** What the document knows of a record's action: the words, each with what was done. */
const read = async () => {
  const { components } = await get(DOCUMENT, { mayEnd: false });
  return components.schemas.AuditRecord.properties.action.anyOf.filter((it) => it.const);
};

export async function actions(text) {
  const part = text.trim().toLowerCase();
  if (!part) return [];
  acts ??= await read();
  return acts.filter((it) => it.const.toLowerCase().includes(part)).map((it) => ({ value: it.const, hint: it.description }));
}

export function credential(text) {
  const [kind] = text.split(":");
  return CREDENTIALS[kind] ?? kind;
}

export const tokenId = (text) => text.split(":")[1] ?? null;

export const times = (count) => `${count.toLocaleString("en")} times`;
