// Owns the pages of an organization's robots: the one that makes a robot, and the details of one. Both are those of access
// tokens, for another owner.
//
// Exports
//   create, one      the pages

import { ApiError, get } from "../lib/api.js";
import { h, head } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { isName } from "../lib/names.js";
import { newForm } from "../tokens/page-new.js";
import { details, parentsOf } from "../tokens/page-one.js";
import { showSecret } from "../tokens/secret.js";
import { TOKENS, userName } from "../tokens/token.js";
import { readOrganization } from "./organization.js";
import { ofOrganization } from "./robots.js";

/** "Whose" of the robots of the organization that the address names, for those who administer it. @param {Context} context */
async function readWhose(context) {
  const organization = await readOrganization(context);
  if (!organization.mayManage) throw new ApiError({ status: 403, message: `Only administrators of ${organization.name} can see its robots.` });
  return ofOrganization(organization);
}

// --- a new one ---

const GRAMMAR = "Lower-case letters and digits, joined by . _ or -.";

/** @param {string} owner */
const nameField = (owner) => field({
  name: "name", label: "Name", required: true, autocomplete: "off", autocapitalize: "off", maxlength: 128,
  hint: `It signs in as ${owner}/NAME. ${GRAMMAR} It cannot be changed later.`,
  check: (name) => (isName(name.trim()) ? null : GRAMMAR),
});

/** From now on the address is that of the robot. @param {Context} context @param {Whose} whose */
const made = (context, whose) => (/** @type {Api.NewRobot} */ robot, /** @type {string | null} */ warning, /** @type {string | null} */ client) => {
  const title = userName(robot);
  const nodes = showSecret(context, robot, { title: `${title} is ready`, done: whose.listHref, path: whose.oneApi(robot), warning, first: client });
  context.swap(nodes, { href: whose.oneHref(robot), title });
};

/**
 * The robot whose limits the new one takes over: an access token, or a robot of another organization, has others.
 * @param {Context} context @param {Whose} whose @returns {Promise<Api.ApiToken | null>}
 */
async function readLike({ query, signal }, { owner }) {
  const wanted = query.get("like");
  if (!wanted) return null;
  /** @type {Api.ApiToken} */
  const like = await get(`${TOKENS}/${encodeURIComponent(wanted)}`, { signal });
  if (!like.robot || like.username !== owner) throw new ApiError({ status: 404, message: `${owner} has no such robot.` });
  return like;
}

/** @param {Context} context */
async function renderNew(context) {
  const whose = await readWhose(context);
  const like = await readLike(context, whose);
  return [
    ...head("New robot", { crumbs: whose.crumbs, lead: `A robot signs in for a machine. It belongs to ${whose.owner} and reaches nothing but its repositories.` }),
    like && h("p.intro", "Taken over from ", h("a", { href: whose.oneHref(like) }, userName(like)), ". Its secret stays as it is."),
    newForm(context, whose, {
      like,
      first: [nameField(whose.owner)],
      body: (values) => ({ ...values, name: values.name.trim() }),
      done: made(context, whose),
    }),
  ];
}

/** @type {Page} */
export const create = { title: ({ params }) => `New robot · ${params.name}`, render: renderNew };

// --- one ---

/** The access tokens of who asked for the secret, which stop it: as far as they are shown. @param {Context} context @param {Api.Robot} robot */
async function makersOf({ session, signal }, robot) {
  const maker = robot.secretBy;
  return maker && (session.isAdmin || maker === session.username) ? parentsOf(robot, maker, signal) : new Map();
}

/** @param {Context} context */
async function renderOne(context) {
  const whose = await readWhose(context);
  /** @type {Api.Robot} */
  const robot = await get(`${whose.api}/${encodeURIComponent(context.params.robot)}`, { signal: context.signal });
  const nodes = details(context, robot, whose, await makersOf(context, robot));
  context.setTitle(`${userName(robot)} · Robot`);
  return nodes;
}

/** @type {Page} */
export const one = { title: ({ params }) => `${params.name}/${params.robot} · Robot`, render: renderOne };
