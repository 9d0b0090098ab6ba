// Owns long work within a dialog: how far it is, and Stop between two steps. What is done stays done.
//
// Exports
//   stepwise(label)     label names the bar for screen readers → {
//       node            the bar and the button, hidden until something of more than one step is at work
//       run(all, work)  async; work(goesOn) does one step after the other and asks goesOn(done) before each: done steps of
//                       all are done; false means to end
//       stop()          as the button does; for the dialog's own ways back
//       isStopped() }
//   doneOf(done, all, word, verb)  "2 tokens activated", "2 of 3 tokens activated"; deletedOf(done, all, word) of what was deleted
//   stepError(error, name, all)    the error of one step, which says whose it is where there are several

import { button, h } from "./dom.js";
import { figure, plural } from "./words.js";

/** @param {number} done @param {number} all @param {string} word @param {string} verb */
export const doneOf = (done, all, word, verb) => `${done < all ? `${figure(done)} of ` : ""}${plural(all, word)} ${verb}`;

/** @param {number} done @param {number} all @param {string} word */
export const deletedOf = (done, all, word) => doneOf(done, all, word, "deleted");

/** @param {any} error @param {string} name @param {number} all */
export const stepError = (error, name, all) => (all > 1 ? Object.assign(error, { message: `${name}: ${error.message}` }) : error);

/** @param {string} label */
export function stepwise(label) {
  const bar = h("progress", { "aria-label": label });
  const told = h("span.quiet", { role: "status" });
  const stop = () => {
    isStopped = true;
    told.textContent = "Stopping after this one.";
  };
  const node = h("div.stack.tight.half", { hidden: true }, bar, h("div.row", button("Stop", { onclick: stop }), told));
  let isStopped = false;
  /** @param {number} done */
  const goesOn = (done) => {
    bar.value = done;
    // A person who left the page no longer sees the progress, so the work stops.
    return !isStopped && node.isConnected;
  };
  /** @param {number} all @param {(goesOn: (done: number) => boolean) => Promise<unknown>} work */
  const run = async (all, work) => {
    isStopped = false;
    told.textContent = "";
    Object.assign(bar, { max: all, value: 0 });
    node.hidden = all < 2;
    try {
      await work(goesOn);
    } finally {
      if (node.contains(document.activeElement)) /** @type {HTMLElement | null | undefined} */ (node.closest("dialog")?.querySelector(".actions button"))?.focus();
      node.hidden = true;
    }
  };
  return { node, run, stop, isStopped: () => isStopped };
}
