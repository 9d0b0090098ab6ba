// Owns the display of a user who leaves: how far the steps are, the new secrets of robots, which live here only, and what is left.
//
// Exports
//   runSteps(context, leaver, steps, again)     does them; the node that shows how far it is. again() looks up what is left

import { get, isAbort, isGone } from "../lib/api.js";
import { downloadButton } from "../lib/copy.js";
import { badge, button, h, path } from "../lib/dom.js";
import { levelName } from "../lib/level.js";
import { namespaceHref, pageHref } from "../lib/names.js";
import { plural } from "../lib/words.js";
import { anyHref } from "../tokens/everybody.js";
import { secretField, wipeWhenLeft } from "../tokens/secret.js";
import { listHref, TOKENS, userName } from "../tokens/token.js";
import { isAlive } from "./robots.js";

const UNDER_WAY = "The work is not finished. What is done stays done.";
const HELD = "The new secrets are not shown again. Copy them first, or leave without them.";

/** @type {Record<LeaverStep["state"], [word: string, kind: string]>} */
const STATES = { waiting: ["waiting", ""], running: ["running", ""], done: ["done", "good"], failed: ["failed", "bad"] };

/** @param {LeaverStep} step */
function stepNode({ title, state, told }) {
  const [word, kind] = STATES[state];
  return h("li", badge(word, kind), h("div", title, told && h("p", { class: state === "failed" ? "error" : "quiet" }, told)));
}

/** Where it was given, and which level. @param {Api.Reached} grant */
function grantLink({ on, accessLevel }) {
  const [namespace, ...rest] = on.split("/");
  const name = rest.join("/");
  const href = name === "*" ? namespaceHref(namespace) : pageHref({ namespace, name });
  return [h("a", { href: `${href}?tab=access` }, on), ` (${levelName(accessLevel)})`];
}

/** @param {Leaver} leaver @param {Api.Session} session @returns {Child[]} */
function leftOf({ account: { name }, tokens, robots, forOthers, repositories, grants, offices }, session) {
  const person = path`/people/${name}`;
  const counted = /** @type {[number, string, string][]} */ ([
    [tokens, `${plural(tokens, "access token")}, refused while ${name} is inactive`, listHref(name, session)],
    [repositories, plural(repositories, "repository", "repositories"), `${person}?tab=repositories`],
    [offices.length, plural(offices.length, "organization"), `${person}?tab=organizations`],
  ]).filter(([count]) => count > 0).map(([, text, href]) => h("a", { href }, text));
  const given = grants.length > 0 && ["Access that was given to ", name, ": ", grants.map((it, place) => [place > 0 && ", ", grantLink(it)])];
  const known = robots.filter((it) => isAlive(it) || it.state === "inactive").map((it) => [
    "The robot ", h("a", { href: anyHref(it, session) }, userName(it)), `, whose secret ${name} may know`]);
  const made = forOthers.filter((it) => it.state === "active").map((it) => [
    "The access token ", h("a", { href: anyHref(it, session) }, it.tokenLabel), ` of ${it.username}, which ${name} made`]);
  return [...counted, given, ...known, ...made].filter((it) => it !== false);
}

/** How these access tokens are now: what made them may be gone, and nothing else says who it was. @param {Api.ApiToken[]} tokens @param {AbortSignal} signal */
async function present(tokens, signal) {
  /** @type {Api.ApiToken[]} */
  const found = [];
  for (const token of tokens) {
    const now = await get(`${TOKENS}/${token.hashedToken}`, { signal }).catch((error) => {
      if (!isGone(error)) throw error;
      return null;
    });
    if (now) found.push(now);
  }
  return found;
}

/** The new secrets: each stands there from the moment that it is known. */
function secretsPart() {
  /** @type {LeaverSecret[]} */
  const secrets = [];
  const lines = () => secrets.map(({ name, secret }) => `${name} ${secret}\n`).join("");
  const all = downloadButton("Download all", "robot-secrets.txt", "text/plain", lines);
  const fields = h("div.stack.tight");
  const node = h("section", { hidden: true }, h("h2", "New secrets"), h("div.stack.tight",
    h("p", "They are not shown again. Put each where its robot is used."), fields, all));
  /** @param {LeaverSecret} made */
  const add = (made) => {
    secrets.push(made);
    fields.append(secretField(made.name, made.secret, null));
    all.hidden = secrets.length < 2;
    node.hidden = false;
  };
  return { node, add, has: () => secrets.length > 0 };
}

/**
 * @param {Context} context @param {Leaver} leaver @param {LeaverStep[]} steps @param {() => Promise<Leaver>} again
 * @returns {HTMLElement}
 */
export function runSteps(context, { account: { name }, forOthers }, steps, again) {
  const told = h("ol.tasks");
  const status = h("p.unseen", { role: "status" });
  const secrets = secretsPart();
  const after = h("div");
  const node = h("div.stack", told, status, secrets.node, after);
  const draw = () => {
    told.replaceChildren(...steps.map(stepNode));
    const done = steps.filter((it) => it.state === "done").length;
    status.textContent = `${done} of ${plural(steps.length, "step")} done`;
  };
  const goesOn = () => !context.signal.aborted;
  /** @param {boolean} isAtWork */
  const hold = (isAtWork) => context.hold([isAtWork && UNDER_WAY, secrets.has() && HELD].filter(Boolean).join(" ") || null);
  /** @param {LeaverSecret} made */
  const keep = (made) => {
    if (!goesOn()) return;
    secrets.add(made);
    hold(true);
  };

  /** @param {LeaverStep} step */
  const doOne = async (step) => {
    Object.assign(step, { state: "running", told: "" });
    draw();
    /** @param {string} text */
    const tell = (text) => {
      step.told = text;
      draw();
    };
    await step.run(tell, goesOn, keep).then(
      (text) => Object.assign(step, { state: "done", told: text }),
      (error) => Object.assign(step, { state: "failed", told: error.message }));
    draw();
  };
  const work = async () => {
    after.replaceChildren();
    hold(true);
    for (const step of steps.filter((it) => it.state !== "done")) {
      if (!goesOn()) return;
      if (step.isAfterRobots && steps.some((it) => it.isOfRobots && it.state !== "done")) {
        step.told = "Not before all robots have new secrets: they would stop.";
        draw();
        continue;
      }
      await doOne(step);
      // The rest is worth nothing while the person still can do everything.
      if (step.state === "failed" && step.isNeeded) break;
    }
    if (goesOn()) await finish();
  };
  const whatIsLeft = async () => {
    const [leaver, others] = await Promise.all([again(), present(forOthers, context.signal)]);
    const left = leftOf({ ...leaver, forOthers: others }, context.session);
    return left.length > 0 ? h("ul.dots", left.map((it) => h("li", it))) : h("p", "Nothing.");
  };
  const finish = async () => {
    hold(false);
    const isDone = steps.every((it) => it.state === "done");
    const done = () => {
      context.hold(null);
      context.go(path`/people/${name}`, { replace: true });
    };
    const rest = isDone && await whatIsLeft().catch((error) => (isAbort(error) ? null : h("p.error", `This could not be read: ${error.message}`)));
    if (!goesOn()) return;
    after.replaceChildren(h("div.stack",
      rest && h("section", h("h2", "What is left"), rest),
      h("div.actions", !isDone && button("Try again", { kind: "primary", onclick: work }), button("Done", { kind: isDone ? "primary" : "", onclick: done }))));
  };
  wipeWhenLeft(context, node, path`/people/${name}`);
  draw();
  work();
  return node;
}
