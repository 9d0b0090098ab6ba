// Owns what can be copied from the pages of repositories: lines for a terminal, digests.
//
// Exports
//   copyButton(text, source, attributes)   a button that copies the text; without a clipboard it selects `source`
//   codeBlock(text)                        lines with such a button

import { button, h } from "./dom.js";

const STAYS = 2_000;

async function copy(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    // Without TLS on another host the browser has no clipboard for pages: selected, the keyboard copies it.
    getSelection().selectAllChildren(source);
    return document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
  }
}

export function copyButton(text, source, attributes = {}) {
  const made = button("Copy", {
    "aria-live": "polite",
    onclick: async () => {
      made.textContent = await copy(text, source);
      setTimeout(() => (made.textContent = "Copy"), STAYS);
    },
    ...attributes,
  });
  return made;
}

export function codeBlock(text) {
  const pre = h("pre", { tabindex: "0" }, text);
  return h("div.block", pre, copyButton(text, pre));
}
