// Owns what the person may see and do in an organization.
//
// Exports
//   readOrganization(context)     { name, account, isMember, mayManage, api, href }: isMember also for system administrators,
//                                 who see as much

import { ApiError, get } from "./api.js";
import { path } from "./dom.js";

export async function readOrganization({ params, session, signal }) {
  const account = await get(path`/enzi/v0/accounts/${params.name}`, { signal });
  if (!account.isOrg) throw new ApiError({ status: 404, message: `${account.name} is a user, no organization.` });
  const api = path`/enzi/v0/accounts/${account.name}`;
  // Only members are told how many there are.
  const isMember = account.membersCount !== undefined;
  const mayManage = session.isAdmin || (isMember && (await get(api + path`/members/${session.username}`, { signal })).isAdmin);
  return { name: account.name, account, isMember, mayManage, api, href: path`/organizations/${account.name}` };
}
