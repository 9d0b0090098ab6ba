// Owns what a person may see and do in an organization, as all of its pages need it.
//
// Exports
//   readOrganization(context)     { name, account, isMember, mayManage, api, href } of the organization that the address names
//   roleIn(context, name)         { isMember, mayManage } of who is signed in; asks for nothing that could be refused

import { ApiError, get, isGone } from "../lib/api.js";
import { path } from "../lib/dom.js";
import { isNarrowed } from "../lib/narrowed.js";

/** Only members are told how many there are. @param {Api.Account} account */
const role = (account) => ({ isMember: account.membersCount !== undefined, mayManage: account.clientUserIsAdmin === true });

/**
 * What is refused stands in the audit log: who may not ask is not asked for.
 * @param {Pick<Context, "session" | "signal">} context @param {string} name @returns {Promise<{ isMember: boolean, mayManage: boolean }>}
 */
export async function roleIn({ session, signal }, name) {
  if (isNarrowed(session)) return { isMember: false, mayManage: false };
  if (session.isAdmin) return { isMember: true, mayManage: true };
  return get(path`/enzi/v0/accounts/${name}`, { signal }).then(role, (error) => {
    if (error.status !== 403 && !isGone(error)) throw error;
    return { isMember: false, mayManage: false };
  });
}

/**
 * isMember also for system administrators, who see as much.
 * @param {Context} context @returns {Promise<Organization>}
 */
export async function readOrganization({ params, signal }) {
  /** @type {Api.Account} */
  const account = await get(path`/enzi/v0/accounts/${params.name}`, { signal });
  if (!account.isOrg) throw new ApiError({ status: 404, message: `${account.name} is a user, not an organization.` });
  const api = path`/enzi/v0/accounts/${account.name}`;
  return { name: account.name, account, ...role(account), api, href: path`/organizations/${account.name}` };
}
