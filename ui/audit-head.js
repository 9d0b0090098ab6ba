// Owns the end of the audit chain, to be noted where somebody who changes the log cannot reach it.
//
// Exports
//   headPart(signal)     async → { node, reload() }

import { get } from "./api.js";
import { facts, h } from "./dom.js";
import { copyButton } from "./copy.js";

export async function headPart(signal) {
  let head = { seq: 0, hash: "" };
  const told = h("div");
  const copy = copyButton("Copy both", () => `${head.seq}:${head.hash}`, told);
  const reload = async () => {
    head = await get("/api/v0/audit/head", { signal });
    told.replaceChildren(facts([["Number", head.seq.toLocaleString("en")], ["Hash", h("code", head.hash)]]));
  };
  await reload();
  const node = h("section.after", h("h2", "End of the log"), h("div.stack.tight",
    h("p.prose", "Each record's hash covers all before it. Note the last one elsewhere; on the machine of dockpass, ",
      h("code", "dockpass audit verify --head NUMBER:HASH"), " then finds a log that was cut or exchanged."),
    told, copy));
  return { node, reload };
}
