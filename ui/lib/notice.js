// Owns the line that says what was done, and the line that says that something is on its way.
//
// Exports
//   say(text)             shows a short text below for some seconds, read out by screen readers: say("Saved")
//   during(promise)       shows the progress line from 300 ms on until the promise settles; gives the promise back

const LATE = 300;
const STAYS = 6_000;

let timer = 0;
let pending = 0;

/** @param {string} text */
export function say(text) {
  const line = /** @type {HTMLElement} */ (document.getElementById("notice"));
  clearTimeout(timer);
  line.textContent = text;
  timer = setTimeout(() => (line.textContent = ""), STAYS);
}

/** @template T @param {Promise<T>} promise @returns {Promise<T>} */
export async function during(promise) {
  pending += 1;
  const line = /** @type {HTMLElement} */ (document.getElementById("progress"));
  const late = setTimeout(() => (line.hidden = false), LATE);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    pending -= 1;
    if (pending === 0) line.hidden = true;
  }
}
