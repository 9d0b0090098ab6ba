// Owns the tab with the organizations that a user belongs to.
//
// Exports
//   organizationsTab(context, account)     its nodes

import { list as read } from "../lib/api.js";
import { h, linkButton, path } from "../lib/dom.js";
import { list, orderOf } from "../lib/list.js";
import { memberRole } from "../organizations/members.js";

/** @type {Column<Api.MemberOrg>[]} */
const COLUMNS = [
  { label: "Name", sort: "name", isName: true, cell: ({ org }) => [org.name, org.fullName && h("small", org.fullName)] },
  { label: "Role", cell: memberRole },
];

/** @param {Context} context @param {WholeAccount} account */
export async function organizationsTab(context, account) {
  const made = await list({
    context,
    name: ["organization"],
    sort: "name",
    isBrief: true,
    columns: COLUMNS,
    href: ({ org }) => path`/organizations/${org.name}`,
    empty: () => h("div.empty",
      h("p", `${account.name} belongs to no organization. Members are added on the page of the organization.`),
      linkButton("Organizations", "/organizations")),
    page: async ({ sort, start, size, signal }) => {
      const query = { order: orderOf(sort), start, limit: size };
      /** @type {{ body: Api.MemberOrgs, next: string | null, count: number | null }} */
      const { body, next, count } = await read(path`/enzi/v0/accounts/${account.name}/organizations`, { query, signal });
      return { rows: body.memberOrgs, next, count };
    },
  });
  return [made.node];
}
