// Owns which organizations an ordinary user belongs to. The API has no list of them (administrators have one), so it is put
// together: the namespaces that one sees and the accounts that a search finds, and of each the organization tells its own
// members, and nobody else, how many they are.
//
// Exports
//   myOrganizations(signal)      { accounts, isWhole }; isWhole is false if there may be more than were looked at

import { get, list } from "./api.js";
import { path } from "./dom.js";

/** Namespaces that are walked through, one request each. */
const STEPS = 50;
const FOUND = 100;
/** No name within a namespace comes after this one: it leads to the next namespace. */
const LAST = "z".repeat(128);

async function visibleNamespaces(signal) {
  const names = new Set();
  let start = null;
  for (let step = 0; step < STEPS; step += 1) {
    const { body, next } = await list("/api/v0/repositories", { query: { pageStart: start, pageSize: 1 }, signal });
    const [first] = body.repositories;
    if (first?.namespaceType === "organization") names.add(first.namespace);
    if (!first || !next) return { names, isWhole: true };
    start = first.namespace === "_" ? next : `${first.namespace}/${LAST}`;
  }
  return { names, isWhole: false };
}

async function foundOrganizations(signal) {
  const { accountResults } = await get("/api/v0/index/autocomplete?query=", { query: { includeRepositories: false, limit: FOUND }, signal });
  const names = accountResults.filter((account) => account.isOrg).map((account) => account.name);
  return { names, isWhole: accountResults.length < FOUND };
}

export async function myOrganizations(signal) {
  const [seen, found] = await Promise.all([visibleNamespaces(signal), foundOrganizations(signal)]);
  const names = [...new Set([...seen.names, ...found.names])].sort();
  const accounts = await Promise.all(names.map((name) => get(path`/enzi/v0/accounts/${name}`, { signal })));
  return { accounts: accounts.filter((account) => account.membersCount !== undefined), isWhole: found.isWhole };
}
