// Owns the section about the certificates that sign registry tokens.
//
// Exports
//   certificatesPart(certificates)     the section

import { badge, breakable, h } from "./dom.js";
import { day, daysUntil, until } from "./time.js";

const SOON = 14;

const ROLES = {
  ca: ["CA", "what the registry trusts (rootcertbundle)"],
  leaf: ["Signing", "signs registry tokens; renews itself when a third of its life is left"],
  signing: ["Signing", "one key until it is rotated; what the registry trusts"],
};

const ADVICE = {
  ca: "When the CA ends, registries refuse all registry tokens. Before, move registry-ca.pem, registry-leaf.pem and registry-leaf-previous.pem out of the directory keys, start dockpass again, and give the registry the new certificate.",
  leaf: "The signing certificate should have renewed itself: look into the log of dockpass.",
  signing: "The signing certificate ends soon: run dockpass registry rotate-key on the machine of dockpass, then give the registry the new certificate.",
};

/** Short lives are a choice: a leaf that renews itself is late only when less than a quarter is left. */
function isLate({ role, notBefore, notAfter }) {
  const left = new Date(notAfter) - Date.now();
  return daysUntil(notAfter) < SOON && (role !== "leaf" || left < (new Date(notAfter) - new Date(notBefore)) / 4);
}

function stateOf(certificate) {
  if (new Date(certificate.notAfter) <= Date.now()) return badge("ended", "bad");
  if (isLate(certificate)) return badge(`ends ${until(certificate.notAfter)}`, "bad");
  return badge("valid", "good");
}

const bytes = (sha256) => breakable(sha256.match(/../g).join(":").toUpperCase(), ":");

function row(certificate) {
  const [name, what] = ROLES[certificate.role] ?? [certificate.role, ""];
  const cell = (label, ...content) => h("td", { role: "cell", "data-label": label }, h("div", content));
  return h("tr", { role: "row" },
    h("td.name", { role: "cell" }, name, h("small", what)),
    cell("State", stateOf(certificate)),
    cell("Ends", day(certificate.notAfter)),
    cell("SHA-256", h("code.small", bytes(certificate.sha256))));
}

export function certificatesPart(certificates) {
  const late = certificates.filter(isLate);
  const heads = ["Certificate", "State", "Ends", "SHA-256"].map((label) => h("th", { role: "columnheader", scope: "col" }, label));
  return h("section", h("h2", "Certificates"),
    late.map((it) => h("p.banner.bad", ADVICE[it.role] ?? "A certificate ends soon.")),
    h("div.list.certificates", h("table", { role: "table", "aria-label": "Certificates" },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)), h("tbody", { role: "rowgroup" }, certificates.map(row)))),
    h("p.below", h("a", { href: "/auth/ca.pem", download: "dockpass-ca.pem" }, "Download what the registry trusts")));
}
