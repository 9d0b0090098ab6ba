// Owns the steps by which a user leaves: one after the other, the one that takes most power first. Each says how it went; one
// that failed can be tried again, and goes on where it was.
//
// Exports
//   stepsFor(leaver, chosen)      the steps
//   robotsTitle(robots, name)     what is done with these robots

import { get, isGone, patch, post, remove } from "../lib/api.js";
import { path } from "../lib/dom.js";
import { figure, plural } from "../lib/words.js";
import { EVER } from "../tokens/dialogs.js";
import { TOKENS, userName } from "../tokens/token.js";
import { isAlive } from "./robots.js";

/** @param {WholeAccount} account @returns {LeaverDeed} */
const deactivation = ({ name, isActive, isAdmin }) => ({
  title: `Deactivate ${name}${isAdmin ? ", and take the administration away" : ""}`,
  isNeeded: true,
  run: async () => {
    await patch(path`/enzi/v0/accounts/${name}`, { body: /** @satisfies {Api.UpdateAccount} */ ({ isActive: false, ...(isAdmin && { isAdmin: false }) }) });
    return isActive ? "Signed out everywhere" : "Was inactive already";
  },
});

/**
 * One after the other, whatever becomes of the one before; the next time only those that failed.
 * @template Item @param {Item[]} items @param {(item: Item) => string} nameOf @param {(item: Item, keep: (secret: LeaverSecret) => void) => Promise<unknown>} act
 * @returns {LeaverDeed["run"]}
 */
function each(items, nameOf, act) {
  /** @type {Set<Item>} */
  const done = new Set();
  return async (tell, goesOn, keep) => {
    /** @type {string[]} */
    const failures = [];
    for (const item of items.filter((it) => !done.has(it))) {
      if (!goesOn()) break;
      await act(item, keep).then(() => done.add(item), (error) => failures.push(`${nameOf(item)}: ${error.message}`));
      tell(`${figure(done.size)} of ${figure(items.length)}`);
    }
    if (failures.length > 0) throw new Error(failures.join(" "));
    return `${figure(done.size)} of ${figure(items.length)}`;
  };
}

/** Of the others it is only a replaced secret that lives on. @param {string} name @returns {(robot: Api.ApiToken) => boolean} */
const hasPresent = (name) => ({ secretBy }) => secretBy === name;

/** @param {Api.ApiToken[]} robots @param {string} name */
export function robotsTitle(robots, name) {
  const [given, ended] = [robots.filter(hasPresent(name)).length, robots.filter((it) => !hasPresent(name)(it)).length];
  const end = `nd the old secret of ${plural(ended, "robot")}`;
  if (given === 0) return `E${end}`;
  return `Give ${plural(given, "robot")} a new secret${ended > 0 ? `, and e${end}` : ""}`;
}

/**
 * Ends the secret that was looked up, and no other: what somebody else has put in its place meanwhile stays. The new one, if there
 * is one.
 * @param {Api.ApiToken} robot @param {string} name @returns {Promise<LeaverSecret | null>}
 */
async function endSecret(robot, name) {
  const one = `${TOKENS}/${robot.hashedToken}`;
  /** @param {any} error */
  const ignoreGone = (error) => {
    if (!isGone(error)) throw error;
    return null;
  };
  /** @type {Api.ApiToken | null} */
  const present = await get(one).catch(ignoreGone);
  if (present === null) return null;
  if (present.hashedToken === robot.hashedToken && hasPresent(name)(robot)) {
    /** @type {Api.NewApiToken | null} */
    const made = await post(`${one}/rotate`, { body: /** @satisfies {Api.RotateApiToken} */ ({}) }).catch(ignoreGone);
    return made && { name: userName(made), secret: made.token };
  }
  const replaced = hasPresent(name)(robot) ? robot.hashedToken : robot.previousHashedToken;
  if (present.previousHashedToken === replaced) await remove(`${one}/overlap`).catch(ignoreGone);
  return null;
}

/** @param {Api.ApiToken[]} robots @param {string} name @returns {LeaverDeed} */
const rotation = (robots, name) => ({
  title: robotsTitle(robots, name),
  isOfRobots: true,
  run: each(robots, userName, async (robot, keep) => {
    const made = await endSecret(robot, name);
    if (made) keep(made);
  }),
});

/** @param {string} username @param {number} count @returns {LeaverDeed} */
function deletion(username, count) {
  let gone = 0;
  return {
    title: `Delete ${plural(count, "access token")}`,
    // What is deleted takes along the secrets of robots that it made: they have new ones first.
    isAfterRobots: true,
    run: async () => {
      gone += (await remove(TOKENS, { query: { username, usedbefore: EVER, generatedby: "all" } })).length;
      /** @type {Api.ApiTokenCounts} */
      const { total } = await get(`${TOKENS}/counts`, { query: { username } });
      if (total > 0) throw new Error(`${figure(gone)} deleted. ${plural(total, "access token")} could not be.`);
      return `${figure(gone)} deleted`;
    },
  };
}

/** @param {string} name @param {string} to @param {number} all @returns {LeaverDeed} */
function transfer(name, to, all) {
  let given = 0;
  return {
    title: `Give ${plural(all, "repository", "repositories")} to ${to}`,
    run: async (tell, goesOn) => {
      for (let left = 1; left > 0 && goesOn();) {
        /** @type {Api.TransferredRepositories} */
        const moved = await post(path`/api/v0/accounts/${name}/transferRepositories`, { body: /** @satisfies {Api.TransferAllRepositories} */ ({ to }) });
        given += moved.transferred;
        left = moved.left;
        tell(`${figure(given)} of ${figure(given + left)}`);
        if (left > 0 && moved.transferred === 0) throw new Error(`${plural(left, "repository", "repositories")} could not be given.`);
      }
      return `${figure(given)} given`;
    },
  };
}

/** @param {string} name @param {Office[]} offices @returns {LeaverDeed} */
const removal = (name, offices) => ({
  title: `Remove from ${plural(offices.length, "organization")}`,
  run: each(offices, (it) => it.name, (it) => remove(path`/enzi/v0/accounts/${it.name}/members/${name}`).catch((error) => {
    if (!isGone(error)) throw error;
  })),
});

/** @param {Leaver} leaver @param {LeaverChoice} chosen @returns {LeaverStep[]} */
export function stepsFor({ account, tokens, robots, repositories, offices }, chosen) {
  const steps = [
    deactivation(account),
    chosen.robots && rotation(robots.filter(isAlive), account.name),
    chosen.tokens && deletion(account.name, tokens),
    chosen.to && transfer(account.name, chosen.to, repositories),
    chosen.organizations && removal(account.name, offices),
  ];
  return steps.flatMap((it) => (it ? [{ ...it, state: /** @type {const} */ ("waiting"), told: "" }] : []));
}
