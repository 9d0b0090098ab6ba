// Owns the words of the audit log: the actions that there are, credentials as people say them.
//
// Exports
//   actions(text)            suggestions for a field: the known actions that contain the text
//   credential(text)         "password", "access token", "session", …
//   tokenId(text)            the access token's id in it, or null
//   times(count)             "33 times"

const NOUNS = {
  account: "create update activate deactivate promote demote changePassword signIn unlock delete",
  token: "create update rotate activate deactivate cleanUp delete",
  session: "open",
  organization: "putMember deleteMember",
  team: "create update putMember deleteMember delete",
  repository: "create createOnPush learn update delete",
  tag: "delete",
  grant: "set delete",
  registry: "notify compare sync read rotateKey",
  settings: "update",
  audit: "gap verify",
};

const ACTIONS = Object.entries(NOUNS).flatMap(([noun, verbs]) => verbs.split(" ").map((verb) => `${noun}.${verb}`));

const CREDENTIALS = {
  none: "no credential",
  accessToken: "access token",
  registryToken: "registry token",
  session: "session",
  socket: "local socket",
  system: "dockpass itself",
  registry: "the registry",
};

export async function actions(text) {
  const part = text.trim().toLowerCase();
  return part ? ACTIONS.filter((it) => it.toLowerCase().includes(part)).map((value) => ({ value })) : [];
}

export function credential(text) {
  const [kind] = text.split(":");
  return CREDENTIALS[kind] ?? kind;
}

export const tokenId = (text) => text.split(":")[1] ?? null;

export const times = (count) => `${count.toLocaleString("en")} times`;
