// Owns the live sentence of New access token: what the token would do, in how many repositories, until when.
//
// Exports
//   preview(context, whose, read)     read() → { accessLevel, repositories, expiresAt } → { node, ask() }; ask() is called
//                                     after each change: the API is asked once typing rests. repositories is null while
//                                     they are no limits yet
//   patternsOf(typed)                 the limits that texts stand for, or null while one of them is none
//   sentence(reach, { accessLevel, possessive, end, isLimited })     the text, of what the API answered; `end` is the last
//                                     part of it; isLimited: there are patterns

import { post } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { wrongPattern } from "../lib/names.js";
import { plural } from "../lib/words.js";

const RESTS = 300;
const MOST = 1000;
const BLANK = "\u00a0";
const long = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });
const withYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });

/** What a token of that level does where it may as much. @type {Record<string, string>} */
const DOES = {
  "read-only": "Pulls from",
  push: "Pulls and pushes in",
  "read-write": "Pulls, pushes and deletes tags in",
  admin: "Does all that the account may in",
};

/** @param {number} count @param {boolean} hasMore */
const many = (count, hasMore) => `${count.toLocaleString("en")}${hasMore ? " or more" : ""}`;

/** @param {string[]} typed */
export function patternsOf(typed) {
  const patterns = typed.flatMap((text) => text.split(/[\s,]+/)).filter(Boolean);
  return patterns.some((it) => wrongPattern(it)) ? null : patterns;
}

/**
 * Nothing is said of another's account without a repository: it may be inactive. Beyond those that are counted the levels are
 * not known: there may be more of each.
 * @param {Api.LimitedReach} reach
 * @param {{ accessLevel: string, possessive: string, end: string, isLimited?: boolean }} facts
 */
export function sentence({ repositories, hasMore, levels, accountRepositories: all, accountHasMore }, { accessLevel, possessive, end, isLimited = false }) {
  if (all === 0) {
    return possessive === "your" && !isLimited
      ? `Your account has access to no repository yet: it will reach those that come, ${end}.`
      : `Reaches no repository at present, ${end}.`;
  }
  const of = `${possessive} ${accountHasMore ? `${many(all, true)} repositories` : plural(all, "repository", "repositories")}`;
  if (repositories === 0) return `Reaches none of ${of} at present, ${end}.`;
  const isWhole = repositories === all && !hasMore && !accountHasMore;
  const onlyPulls = accessLevel === "read-only" ? 0 : levels["read-only"];
  const acts = repositories - onlyPulls;
  /** @param {number} count */
  const part = (count) => all === 1 && isWhole ? `${possessive} only repository` : `${isWhole && count === repositories ? "all" : many(count, hasMore)} of ${of}`;
  if (acts === 0) {
    const where = hasMore ? `in the first ${MOST.toLocaleString("en")}` : "there";
    return `${hasMore ? "Pulls" : "Only pulls"} from ${part(repositories)}, ${end}: the account may do no more ${where}.`;
  }
  const does = accessLevel === "admin" && possessive === "your" ? "Does all that you may in" : DOES[accessLevel];
  return `${does} ${part(acts)}${onlyPulls ? `, and pulls from ${onlyPulls.toLocaleString("en")} ${hasMore ? "or more others" : "more"}` : ""}, ${end}.`;
}

/** @param {string | null} at */
export function ending(at) {
  if (at === null) return "without an end";
  const date = new Date(at);
  return `until ${(date.getFullYear() === new Date().getFullYear() ? long : withYear).format(date)}`;
}

/**
 * @param {Context} context @param {Whose} whose
 * @param {() => { accessLevel: string, repositories: string[] | null, expiresAt: string | null | undefined }} read
 */
export function preview({ signal }, { possessive, query, reachApi }, read) {
  const node = h("p.live", { role: "status" });
  let asking = new AbortController();
  let timer = 0;
  let asked = "";
  /** @type {Api.LimitedReach | null} */
  let answer = null;
  const tell = () => {
    const { accessLevel, repositories, expiresAt } = read();
    const isKnown = repositories && expiresAt !== undefined;
    const text = answer && isKnown ? sentence(answer, { accessLevel, possessive, end: ending(expiresAt), isLimited: repositories.length > 0 }) : "";
    // What is below stays where it is while the next sentence is waited for.
    const shown = text || (node.textContent && BLANK);
    if (node.textContent !== shown) node.textContent = shown;
  };
  /** @param {Api.PreviewReach} body */
  const look = async (body) => {
    const both = AbortSignal.any([signal, (asking = new AbortController()).signal]);
    try {
      // The end of a session is told when the form is sent, which keeps its content.
      const told = await post(reachApi, { query, body, signal: both, mayEnd: false });
      if (both.aborted) return;
      answer = told;
      tell();
    } catch {
      // It is a help, not a need: what is wrong is said beside its field when the form is sent. The next change asks again.
      if (both.aborted) return;
      node.textContent = asked = "";
    }
  };
  const ask = () => {
    const { accessLevel, repositories } = read();
    if (!accessLevel) return;
    const present = JSON.stringify({ accessLevel, repositories });
    if (present === asked) return tell();
    asked = present;
    answer = null;
    tell();
    asking.abort();
    clearTimeout(timer);
    if (!repositories) return;
    const body = { accessLevel: /** @type {Api.AccessLevel} */ (accessLevel), repositories };
    timer = setTimeout(() => signal.aborted || look(body), RESTS);
  };
  return { node, ask };
}
