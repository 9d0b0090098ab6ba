// Owns the sign-in page. Its error does not say which part was wrong; a throttled sign-in says for how long.
//
// Exports
//   signIn     the page

import { h, head } from "../lib/dom.js";
import { field, form } from "../lib/form.js";
import { say } from "../lib/notice.js";
import * as session from "../lib/session.js";
import { plural } from "../lib/words.js";
import { ownPath } from "../pages.js";

/** Where to go once signed in. @param {URLSearchParams} query */
const next = (query) => ownPath(query.get("next"), "/");

/** The user whose session ended, if that led here. */
function whoseEnded() {
  const username = sessionStorage.getItem("ended");
  sessionStorage.removeItem("ended");
  return username;
}

/** @param {number} seconds */
function lasting(seconds) {
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  const parts = [minutes && `${minutes} min`, (rest || !minutes) && `${rest} s`];
  return parts.filter(Boolean).join(" ");
}

/** Counts down what is left of a wait; an access token needs no waiting, so the button stays. @param {AbortSignal} signal */
function waiting(signal) {
  const left = h("b", { "aria-live": "off" });
  const node = h("p.error", { role: "alert", hidden: true });
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    node.hidden = true;
  };
  /** @param {number} seconds */
  const start = (seconds) => {
    stop();
    const end = Date.now() + seconds * 1000;
    const tell = () => {
      const rest = Math.ceil((end - Date.now()) / 1000);
      left.textContent = lasting(rest);
      if (rest <= 0) stop();
    };
    tell();
    node.replaceChildren("Too many wrong passwords. Try again in ", left, ".");
    node.hidden = false;
    timer = setInterval(tell, 1000);
  };
  signal.addEventListener("abort", stop);
  return { node, start, stop };
}

/** @param {{ username: string, password: string }} values @param {ReturnType<typeof waiting>} wait */
async function tried({ username, password }, wait) {
  try {
    return await session.signIn(username, password);
  } catch (error) {
    if (error.status !== 429) throw error;
    wait.start(error.retryAfter ?? 60);
    return null;
  }
}

/** @param {Context} context */
async function render(context) {
  const goal = next(context.query);
  if (context.session) {
    context.go(goal, { replace: true });
    return null;
  }
  const ended = whoseEnded();
  const username = field({
    name: "username", label: "User name", value: ended ?? "", autocomplete: "username", autocapitalize: "off", required: true, "data-focus": !ended,
  });
  const password = field({
    name: "password", label: "Password or access token", type: "password", autocomplete: "current-password", required: true, "data-focus": Boolean(ended),
  });
  const wait = waiting(context.signal);
  const made = form({
    fields: [username, password],
    submit: "Sign in",
    children: [username.node, password.node, wait.node],
    onsubmit: async (values) => {
      wait.stop();
      const opened = await tried(values, wait).catch((error) => {
        password.focus();
        throw error;
      });
      if (!opened) return;
      password.value = "";
      await context.go(opened.setPassword ? `/profile/password?${new URLSearchParams({ next: goal })}` : goal, { replace: true });
      const revoked = opened.revokedTokens.length;
      if (revoked > 0) say(`${plural(revoked, "access token")} of yours ${revoked === 1 ? "was" : "were"} revoked by somebody who had the secret`);
    },
  });
  const why = ended && h("p.banner", { role: "status" }, "Your session ended. Sign in again to continue where you were.");
  const forgot = h("p.quiet.small.below", "Forgot your password? An administrator can give you a temporary one. ", h("a", { href: "/manual" }, "Manual"));
  return [...head("Sign in to dockpass"), why, made.node, forgot];
}

/** @type {Page} */
export const signIn = { title: "Sign in", render };
