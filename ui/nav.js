// Owns the navigation: the places on the left (a bar above on a phone), the signed-in name with Profile and Sign out.
//
// Exports
//   draw(session, area)    session null hides it; area is the one of the page's row in pages.js

import { h } from "./lib/dom.js";
import { isNarrowed } from "./lib/narrowed.js";
import { say } from "./lib/notice.js";
import { signOut } from "./lib/session.js";

/** @type {{ area: string, label: string, href: string, isWhole?: boolean, isAdmin?: boolean }[]} */
const PLACES = [
  { area: "tokens", label: "Access tokens", href: "/profile/access-tokens", isWhole: true },
  { area: "repositories", label: "Repositories", href: "/repositories" },
  { area: "organizations", label: "Organizations", href: "/organizations", isWhole: true },
  { area: "people", label: "People", href: "/people", isAdmin: true },
  { area: "audit", label: "Audit", href: "/audit", isAdmin: true },
  { area: "registry", label: "Registry", href: "/registry", isAdmin: true },
  { area: "doctor", label: "Doctor", href: "/doctor", isAdmin: true },
  { area: "settings", label: "Settings", href: "/settings", isAdmin: true },
];

/** Only places that the session may open are offered. @param {typeof PLACES[number]} place @param {Api.Session} session */
const isOffered = (place, session) => (!place.isAdmin || session.isAdmin) && !(place.isWhole && isNarrowed(session));

const nav = /** @type {HTMLElement} */ (document.getElementById("nav"));
/** @type {string | null} */
let drawnFor = null;

/** @param {Api.Session} session */
function account(session) {
  const out = () => signOut().catch((error) => say(error.message));
  const details = h("details.account",
    h("summary", { title: session.fullName || null }, session.username),
    h("div.menu",
      h("a", { href: "/profile" }, "Profile"),
      h("a", { href: "/manual" }, "Manual"),
      h("a", { href: "/api/v0/docs" }, "HTTP API"),
      h("button", { type: "button", onclick: out }, "Sign out")));
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary")?.focus();
  });
  return details;
}

addEventListener("click", (event) => {
  /** @type {HTMLDetailsElement | null} */
  const details = nav.querySelector(".account[open]");
  const target = /** @type {Element} */ (event.target);
  if (details && (!details.contains(target) || target.closest(".menu"))) details.open = false;
});

/** @param {Api.Session | null} session @param {string} [area] */
export function draw(session, area) {
  nav.hidden = !session;
  document.body.classList.toggle("alone", !session);
  const key = session && `${session.username} ${session.isAdmin} ${isNarrowed(session)}`;
  if (key !== drawnFor) {
    drawnFor = key;
    nav.replaceChildren(...(session ? [
      h("a.brand", { href: "/" }, "dockpass"),
      h("div.places", PLACES.filter((place) => isOffered(place, session)).map((place) =>
        h("a", { href: place.href, "data-area": place.area }, place.label))),
      account(session),
    ] : []));
  }
  for (const link of nav.querySelectorAll("[data-area]")) {
    if (link.getAttribute("data-area") === area) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
