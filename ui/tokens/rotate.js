// Owns the dialogs that give an access token a new secret, and that end the old one.
//
// Exports
//   rotate(token, whose)         the answer with the new secret, or null; previousUntil is null where nothing overlaps
//   endOverlap(token, whose)     true once the old secret of a rotation has ended
//   oldSecretUntil(token, whose, ended)     until when the old secret works, with the button that ends it; ended() is told;
//                                null where nothing overlaps

import { post, remove } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { button, h } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { exact } from "../lib/time.js";
import { lasting, lifeOf } from "./expiry.js";

const UNTIL_USED = "used";
const A_DAY = "86400";
/** @type {Choice[]} */
const OVERLAPS = [[A_DAY, "1 day"], ["3600", "1 hour"], ["604800", "7 days"], [UNTIL_USED, "Until the new one is used, 7 days at most"], ["0", "Not at all: it ends at once"]];

/** Ends the old secret of a rotation; true once it is done. @param {Api.ApiToken} token @param {Pick<Whose, "oneApi">} whose */
export async function endOverlap(token, whose) {
  const done = await ask({
    title: "End the old secret?",
    body: `What still uses the old secret of “${token.tokenLabel}” is refused at once. The new one stays.`,
    confirm: "End it",
    act: () => remove(`${whose.oneApi(token)}/overlap`),
  });
  if (done !== null) say("The old secret has ended");
  return done !== null;
}

/** @param {Api.ApiToken} token @param {Whose} whose @param {() => void} ended */
export function oldSecretUntil(token, whose, ended) {
  if (!token.previousUntil) return null;
  const until = `${token.previousUntilUsed ? "the new one is used, at the latest until " : ""}${exact(token.previousUntil)}`;
  const end = async () => {
    if (await endOverlap(token, whose)) ended();
  };
  return h("div.banner", h("div.row", h("span", `The old secret works until ${until}.`), button("End it now", { onclick: end })));
}

/** @param {Api.ApiToken} token @param {Whose} whose @returns {Promise<any>} */
export async function rotate(token, whose) {
  const overlap = field({
    name: "overlap", label: "How long the old secret still works", type: "select", options: OVERLAPS, value: A_DAY,
    hint: "Time to replace it wherever it is used. “Until the new one is used” suits a token with one user.",
  });
  const life = lifeOf(token);
  const mayRenew = life !== null && !token.temporaryPassword;
  const renew = field({
    name: "renew", label: `Renew for another ${life && lasting(life)}`, type: "switch", value: true,
    hint: `From now on, as far as this site allows. Off, it still expires on ${token.expiresAt && exact(token.expiresAt)}.`,
  });
  return ask({
    title: `Rotate this ${whose.word}?`,
    body: `“${token.tokenLabel}” gets a new secret. Description and access stay.`,
    fields: mayRenew ? [overlap, renew] : [overlap],
    confirm: "Rotate",
    act: async (values) => {
      const lasts = values.overlap === UNTIL_USED ? { untilUsed: true } : { overlap: Number(values.overlap) };
      /** @satisfies {Api.RotateApiToken} */
      const body = { ...lasts, ...(values.renew && { renew: true }) };
      const made = await post(`${whose.oneApi(token)}/rotate`, { body });
      // Without an overlap the API tells the moment itself, which is past already.
      return lasts.overlap === 0 ? { ...made, previousUntil: null } : made;
    },
  });
}
