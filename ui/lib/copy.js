// Owns what takes a text from the page: a copy button, a block of text with one, a download.
//
// Exports
//   copyButton(label, text, source, { of, ... })  text is a function; source: the node that holds the text, selected where
//                                                 the browser has no clipboard for pages; `of` follows the label for
//                                                 screen readers
//   block(text, label)                            a <pre> with its copy button; label names it for screen readers
//   downloadButton(label, name, type, content)    content is a function → a text
//   save(name, type, parts)                       hands a file to the browser

import { button, h } from "./dom.js";

const TOLD = 2_000;
const KEPT = 10_000;

/** @param {string} text @param {HTMLElement} source */
async function copied(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    // Without TLS on another host there is no clipboard for pages: selected, the keyboard copies it.
    if (source instanceof HTMLInputElement) source.select();
    else getSelection()?.selectAllChildren(source);
    return document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
  }
}

/** @param {string} label @param {() => string} text @param {HTMLElement} source @param {Attributes} [options] */
export function copyButton(label, text, source, { of, ...attributes } = {}) {
  // Not by aria-label: that would stand before what the button says, and "Copied" would be heard by nobody.
  const word = h("span", label);
  return button([word, of && h("span.unseen", of)], {
    "aria-live": "polite",
    ...attributes,
    onclick: async () => {
      word.textContent = await copied(text(), source);
      setTimeout(() => (word.textContent = label), TOLD);
    },
  });
}

/** @param {string} text @param {string} [label] */
export function block(text, label = "Lines to copy") {
  // It scrolls sideways, so the keyboard must reach it.
  const pre = h("pre", { tabindex: "0", role: "group", "aria-label": label }, text);
  return h("div.block", pre, copyButton("Copy", () => text, pre));
}

/** @param {string} name @param {string} type @param {BlobPart[]} parts */
export function save(name, type, parts) {
  const href = URL.createObjectURL(new Blob(parts, { type }));
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), KEPT);
}

/** @param {string} label @param {string} name @param {string} type @param {() => string} content */
export const downloadButton = (label, name, type, content) => button(label, { onclick: () => save(name, type, [content()]) });
