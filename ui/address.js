// Owns the check of addresses that come in from outside.
//
// Exports
//   ownPath(text, fallback)   path and query of an address of this very site, the fallback for anything else

/** An attacker may have made up the address: it leads to a page of ours, or nowhere. */
export function ownPath(text, fallback) {
  let wanted;
  try {
    wanted = new URL(text ?? fallback, location.origin);
  } catch {
    return fallback;
  }
  // A path that begins with two slashes would be taken for the name of another host.
  const isOurs = wanted.origin === location.origin && !wanted.pathname.startsWith("//");
  return isOurs ? wanted.pathname + wanted.search : fallback;
}
