// Owns the page on which a user leaves: what the user has and knows, what is to become of it, and one deed for all of that.
// Asked for again, it goes on where it was interrupted: it shows what there is then.
//
// Exports
//   leave      the page, /people/{name}/leave

import { get, post, readAll } from "../lib/api.js";
import { accounts, suggestField } from "../lib/complete.js";
import { ask } from "../lib/dialog.js";
import { h, head, path } from "../lib/dom.js";
import { focusHeading } from "../lib/focus.js";
import { beside, field, form, refuse } from "../lib/form.js";
import { plural } from "../lib/words.js";
import { TOKENS } from "../tokens/token.js";
import { countOf } from "./delete.js";
import { runSteps } from "./leave-run.js";
import { robotsTitle, stepsFor } from "./leave-steps.js";
import { isAlive, robotNames, stoppedWith, stopsForGood } from "./robots.js";

/** @param {string} name @param {AbortSignal} signal @returns {Promise<Office[]>} */
async function officesOf(name, signal) {
  /** @type {Api.MemberOrg[]} */
  const all = await readAll(path`/enzi/v0/accounts/${name}/organizations`, { rows: (body) => body.memberOrgs, signal });
  /** @type {Office[]} */
  const offices = [];
  // One after the other: somebody may administer hundreds.
  for (const { org, isAdmin } of all) offices.push({ name: org.name, isAdmin, isLast: isAdmin && await isLast(name, org.name, signal) });
  return offices;
}

/** Whether nobody else who may sign in administers the organization. @param {string} name @param {string} org @param {AbortSignal} signal */
async function isLast(name, org, signal) {
  /** @type {Api.Member[]} */
  const admins = await readAll(path`/enzi/v0/accounts/${org}/members`, { query: { filter: "admins" }, rows: (body) => body.members, signal });
  return admins.every(({ member, isActive }) => member.name === name || !isActive);
}

/** What was given to the user alone; teams end with the organization. @param {Api.AccountAccess} access */
const grantsOf = ({ access }) => access.filter(({ reason }) => reason === "repositoryGrant" || reason === "namespaceGrant");

/** All that stands on the page, asked for at once. @param {string} name @param {AbortSignal} signal @returns {Promise<Leaver>} */
async function find(name, signal) {
  const [account, counts, robots, forOthers, repositories, access, offices] = await Promise.all([
    get(path`/enzi/v0/accounts/${name}`, { signal }),
    get(`${TOKENS}/counts`, { query: { username: name }, signal }),
    readAll(TOKENS, { query: { secretby: name }, signal }),
    readAll(TOKENS, { query: { madewith: name }, signal }),
    countOf(name, signal),
    get(path`/api/v0/accounts/${name}/repositoryAccess`, { signal }),
    officesOf(name, signal),
  ]);
  return { account, tokens: counts.total, robots, forOthers, repositories, grants: grantsOf(access), offices };
}

/** @param {string} label @param {string} name @param {Child} hint */
const choice = (label, name, hint) => field({ name, label, hint, type: "checkbox", value: true });

/** @param {Leaver} leaver */
function tokensHint({ account: { name }, forOthers }) {
  const others = forOthers.filter((it) => it.state === "active").length;
  const stay = others > 0 ? ` ${plural(others, "access token")} that they made for others ${others === 1 ? "stays" : "stay"}.` : "";
  return `Those that they made for ${name} are refused, too.${stay} If they are kept, they are refused while the account is inactive.`;
}

/** @param {Office} office */
const roleOf = ({ isAdmin, isLast }) => (isLast ? "the only administrator" : isAdmin ? "administrator" : "member");

/** @param {Leaver} leaver @returns {FormField[]} */
function fieldsFor(leaver) {
  const { account: { name }, tokens, robots, repositories, offices } = leaver;
  const known = robots.filter(isAlive);
  return [
    tokens > 0 && choice(`Delete ${plural(tokens, "access token")}`, "tokens", tokensHint(leaver)),
    known.length > 0 && choice(robotsTitle(known, name), "robots", h("span",
      `${name} may know what signs in as `, robotNames(known),
      `. The old ${known.length === 1 ? "secret stops" : "secrets stop"} at once; each new one is shown as soon as it is made.`)),
    repositories > 0 && suggestField({
      name: "to", label: `Give ${plural(repositories, "repository", "repositories")} to`, suggest: accounts, autocapitalize: "off",
      hint: `A user or an organization. Names, images and access stay. If empty, ${name} keeps them.`,
    }),
    offices.length > 0 && choice(`Remove from ${plural(offices.length, "organization")}`, "organizations",
      h("span", offices.map((it, place) => [place > 0 && ", ", h("a", { href: path`/organizations/${it.name}` }, it.name), ` (${roleOf(it)})`]))),
  ].filter((it) => it !== false);
}

/**
 * What would stand in the way of the repositories is found out before anything is done.
 * @param {string} name @param {string | undefined} to @param {AbortSignal} signal
 */
async function checkReceiver(name, to, signal) {
  if (!to) return;
  /** @type {WholeAccount} */
  const receiver = await get(path`/enzi/v0/accounts/${to}`, { signal }).catch(beside({ NO_SUCH_ACCOUNT: "to" }));
  if (receiver.name === name) refuse("to", `${name} has them already. Name somebody else, or leave this empty.`);
  if (!receiver.isActive) refuse("to", `${to} is inactive.`);
  await post(path`/api/v0/accounts/${name}/transferRepositories`, { body: /** @satisfies {Api.TransferAllRepositories} */ ({ to, dryRun: true }), signal })
    .catch(beside({ LIMIT_REACHED: "to" }));
}

/** What of the account itself ends, whatever is chosen. @param {WholeAccount} account */
function always({ name, isActive, isAdmin }) {
  return h("ul.dots",
    h("li", isActive ? `${name} is deactivated and signed out everywhere.` : `${name} is inactive already.`),
    isAdmin && h("li", `${name} is no longer an administrator.`));
}

/** What is about to be done, and what follows from it. @param {Leaver} leaver @param {LeaverChoice} chosen @param {LeaverStep[]} steps */
function meaning({ account: { name }, robots, offices }, chosen, steps) {
  return [
    h("ul.dots", steps.map((it) => h("li", it.title))),
    chosen.tokens && !chosen.robots && stopsForGood(stoppedWith(robots, name)),
    offices.filter((it) => it.isLast).map((it) => h("p", h("b", it.name), " will have no administrator.")),
  ].flat();
}

/** @param {Context} context @param {Leaver} leaver */
function preview(context, leaver) {
  const { account: { name } } = leaver;
  const fields = fieldsFor(leaver);
  const body = h("div");
  const { node } = form({
    fields,
    submit: `Offboard ${name}`,
    kind: "danger primary",
    cancel: { label: "Cancel", href: path`/people/${name}` },
    children: [always(leaver.account), ...fields.map((it) => it.node)],
    onsubmit: async (values) => {
      /** @type {LeaverChoice} */
      const chosen = { ...values, to: values.to?.trim() };
      await checkReceiver(name, chosen.to, context.signal);
      const steps = stepsFor(leaver, chosen);
      const meant = await ask({
        title: `Offboard ${name}?`,
        body: meaning(leaver, chosen, steps),
        typed: "offboard",
        confirm: "OK",
        kind: "danger primary",
      });
      if (meant === null || context.signal.aborted) return;
      // Deferred: the form has its answer then, and keeps nobody on the page.
      setTimeout(() => {
        body.replaceChildren(runSteps(context, leaver, steps, () => find(name, context.signal)));
        focusHeading({ scrolls: true });
      });
    },
  });
  body.append(h("p.quiet.intro", `This ends what ${name} can do, in one go. Nothing changes until you confirm.`), node);
  return body;
}

/** Why one does not do it to oneself. @param {string} name @param {AbortSignal} signal */
async function ownWord(name, signal) {
  /** @type {WholeAccount[]} */
  const admins = await readAll("/enzi/v0/accounts", { query: { filter: "admins" }, rows: (body) => body.accounts, signal });
  return admins.filter((it) => it.isActive).length === 1
    ? `${name} is the only administrator. Make somebody else an administrator first, who can then do this.`
    : "This is you. Another administrator has to do this: the first step would sign you out.";
}

/** @param {Context} context */
async function render(context) {
  const { params: { name }, session, signal } = context;
  const leaver = await find(name, signal);
  if (leaver.account.isOrg) return void context.go(path`/organizations/${name}`, { replace: true });
  const title = `Offboard ${leaver.account.name}`;
  context.setTitle(title);
  /** @type {Crumb[]} */
  const crumbs = [["People", "/people"], [leaver.account.name, path`/people/${leaver.account.name}`]];
  if (leaver.account.name === session.username) return [...head(title, { crumbs }), h("p.prose", await ownWord(session.username, signal))];
  return [...head(title, { crumbs }), preview(context, leaver)];
}

/** @type {Page} */
export const leave = { title: "Offboard", render };
