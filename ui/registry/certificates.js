// Owns the section about the certificates that sign registry tokens.
//
// Exports
//   certificatesPart(certificates)     the section

import { badge, breakable, h } from "../lib/dom.js";
import { makeTable } from "../lib/table.js";
import { day, daysUntil, isLate, SOON, until } from "../lib/time.js";

/** @type {Record<string, [name: string, what: string]>} */
const ROLES = {
  ca: ["CA", "what the registry trusts (rootcertbundle)"],
  leaf: ["Signing", "signs registry tokens; renews itself"],
  signing: ["Signing", "signs registry tokens until it is rotated; the registry trusts it"],
};

/** @type {Record<string, string>} */
const ADVICE = {
  ca: "When the CA expires, registries refuse all registry tokens. Before that, move registry-ca.pem, registry-leaf.pem and registry-leaf-previous.pem out of the directory keys, restart dockpass, and give the registry the new certificate.",
  leaf: "The signing certificate should have renewed itself. See the log of dockpass.",
  signing: "The signing certificate expires soon. Run dockpass registry rotate-key on the machine of dockpass, then give the registry the new certificate.",
};

/** A leaf renews itself. @param {Api.Certificate} certificate */
const isEnding = ({ role, notBefore, notAfter }) => daysUntil(notAfter) < SOON && (role !== "leaf" || isLate(notBefore, notAfter));

/** @param {Api.Certificate} certificate */
function stateOf(certificate) {
  if (Date.parse(certificate.notAfter) <= Date.now()) return badge("expired", "bad");
  if (isEnding(certificate)) return badge(`expires ${until(certificate.notAfter)}`, "bad");
  return badge("valid", "good");
}

/** @param {string} sha256 */
const bytes = (sha256) => breakable(sha256.replace(/..(?=.)/g, "$&:").toUpperCase(), ":");

/** @param {Api.Certificate} certificate */
function nameOf(certificate) {
  const [name, what] = ROLES[certificate.role] ?? [certificate.role, ""];
  return [name, h("small", what)];
}

/** @type {Column<Api.Certificate>[]} */
const COLUMNS = [
  { label: "Certificate", isName: true, isBare: true, cell: nameOf },
  { label: "State", cell: stateOf },
  { label: "Expires", cell: (it) => day(it.notAfter) },
  { label: "SHA-256", cell: (it) => h("code.small", bytes(it.sha256)) },
];

/** @param {Api.Certificate[]} certificates */
export function certificatesPart(certificates) {
  const late = certificates.filter(isEnding);
  const table = makeTable({ label: "Certificates", columns: COLUMNS });
  table.body.append(...certificates.map((it) => table.row({}, it)));
  return h("section", h("h2", "Certificates"),
    late.map((it) => h("p.banner.bad", ADVICE[it.role] ?? "A certificate expires soon.")),
    h("div.list.certificates", table.node),
    h("p.below", h("a", { href: "/auth/ca.pem", download: "dockpass-ca.pem" }, "Download the certificate for the registry")));
}
