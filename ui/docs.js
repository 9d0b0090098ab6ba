// Draws the OpenAPI document. Every text of it goes in as text, never as HTML.

import { breakable, h } from "./lib/dom.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const content = /** @type {HTMLElement} */ (document.getElementById("content"));
const search = /** @type {HTMLInputElement} */ (document.getElementById("search"));
const found = /** @type {HTMLElement} */ (document.getElementById("found"));
const areas = /** @type {HTMLElement} */ (document.getElementById("areas"));

/** @typedef {{ method: string, path: string, operation: any }} Entry */
/** @typedef {{ text?: string, operations: Entry[] }} Area */
/** @typedef {{ rows: { row: HTMLElement, text: string }[], sections: { section: HTMLElement, link: HTMLElement, list: HTMLElement[] }[] }} Drawing */

/** A sentence in which `this` is code. @param {string} [text] @returns {Child} */
function prose(text = "") {
  return text.split("`").map((part, place) => (place % 2 ? h("code", part) : part));
}

/** @param {string} text */
const slug = (text) => `area-${text.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;

/** Knows the document: follows references, sees through "or null". */
class Schemas {
  /** @param {any} api */
  constructor(api) {
    this.api = api;
  }

  /** @param {any} schema @returns {any} */
  resolve(schema) {
    if (!schema?.$ref) return schema ?? {};
    const path = schema.$ref.slice(2).split("/").map((/** @type {string} */ part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
    const target = path.reduce((/** @type {any} */ place, /** @type {string} */ part) => place?.[part], this.api) ?? {};
    const { $ref, ...rest } = schema;
    return { ...this.resolve(target), ...rest };
  }

  /**
   * The schema without its null, and whether it had one.
   * @param {any} schema @returns {{ schema: any, nullable: boolean }}
   */
  plain(schema) {
    const whole = this.resolve(schema);
    const choices = whole.anyOf ?? whole.oneOf;
    const real = choices?.filter((/** @type {any} */ choice) => choice.type !== "null");
    if (choices && real.length === 1) {
      return { schema: { ...this.resolve(real[0]), ...(whole.description && { description: whole.description }) }, nullable: real.length < choices.length };
    }
    if (Array.isArray(whole.type)) {
      const types = whole.type.filter((/** @type {string} */ type) => type !== "null");
      return { schema: { ...whole, type: types.length === 1 ? types[0] : types.join(" or ") }, nullable: types.length < whole.type.length };
    }
    return { schema: whole, nullable: false };
  }

  /** The type in words: "array of string, or null". @param {any} schema @returns {string} */
  kind(schema) {
    const { schema: plain, nullable } = this.plain(schema);
    let kind = plain.type ?? (this.values(plain).length ? "string" : "any value");
    if (kind === "array") kind = plain.items ? `array of ${this.kind(plain.items)}` : "array";
    else if (plain.format && !plain.format.includes("int")) kind += ` (${plain.format})`;
    return nullable ? `${kind}, or null` : kind;
  }

  /** The allowed values with what each means. @param {any} plain @returns {[value: string, text: string][]} */
  values(plain) {
    if (plain.enum) return plain.enum.map((/** @type {string} */ value) => [value, ""]);
    const choices = plain.oneOf ?? [];
    return choices.every((/** @type {any} */ choice) => "const" in choice) ? choices.map((/** @type {any} */ choice) => [choice.const, choice.description ?? ""]) : [];
  }

  /**
   * The fields inside a value: of the object, or of the objects in the array.
   * @param {any} schema @returns {{ fields: [string, any][], required: Set<string> }}
   */
  inside(schema) {
    const { schema: plain } = this.plain(schema);
    const object = plain.type === "array" ? this.plain(plain.items ?? {}).schema : plain;
    const required = new Set(object.required ?? []);
    const fields = Object.entries(object.properties ?? {});
    return { fields: fields.sort(([one], [two]) => Number(required.has(two)) - Number(required.has(one))), required };
  }
}

/** @param {Schemas} schemas @param {any} schema */
function valuesOf(schemas, schema) {
  const { schema: plain } = schemas.plain(schema);
  const item = plain.type === "array" ? schemas.plain(plain.items ?? {}).schema : plain;
  const values = schemas.values(item);
  if (!values.length) return null;
  if (values.every(([, text]) => !text)) {
    return h("p.values.quiet", values.map(([value], place) => [place ? ", " : values.length > 1 ? "One of " : "Only ", h("code", String(value))]));
  }
  return h("ul.values.quiet", values.map(([value, text]) =>
    h("li", h("code", String(value)), text && " ", prose(text))));
}

/**
 * @param {Schemas} schemas @param {string} name @param {any} schema @param {string} note @param {number} depth
 * @param {boolean} [isAnswer] @returns {HTMLElement}
 */
function field(schemas, name, schema, note, depth, isAnswer = false) {
  const { schema: plain } = schemas.plain(schema);
  const inner = depth < 4 ? fieldList(schemas, schema, depth + 1, isAnswer) : null;
  return h("li",
    h("div.label",
      h("code", name),
      h("span.kind", [schemas.kind(schema), note].filter(Boolean).join(" · "))),
    h("div", prose(schema.description ?? plain.description), valuesOf(schemas, schema)),
    inner);
}

/**
 * The fields of an object as a list; none if it has none.
 * @param {Schemas} schemas @param {any} schema @param {number} depth @param {boolean} isAnswer @returns {HTMLElement | null}
 */
function fieldList(schemas, schema, depth, isAnswer) {
  const { fields, required } = schemas.inside(schema);
  if (!fields.length) return null;
  const [always, sometimes] = isAnswer ? ["", "not always"] : ["required", "optional"];
  return h("ul.fields", fields.map(([name, inner]) =>
    field(schemas, name, inner, required.has(name) ? always : sometimes, depth, isAnswer)));
}

/** @param {string} title @param {...any} children */
function part(title, ...children) {
  const shown = children.flat(Infinity).filter(Boolean);
  return shown.length ? h("div", h("h3", title), shown) : null;
}

/** @param {Schemas} schemas @param {any} operation @param {string} place @param {string} title */
function parameters(schemas, operation, place, title) {
  /** @type {any[]} */
  const list = (operation.parameters ?? []).map((/** @type {any} */ it) => schemas.resolve(it)).filter((/** @type {any} */ it) => it.in === place);
  if (!list.length) return null;
  return part(title, h("ul.fields", list.map((/** @type {any} */ it) =>
    field(schemas, it.name, { ...it.schema, description: it.description }, it.required ? "required" : "optional", 0))));
}

/** @param {Schemas} schemas @param {any} operation */
function body(schemas, operation) {
  const request = schemas.resolve(operation.requestBody);
  const [[type, media] = []] = Object.entries(request.content ?? {});
  if (!type) return null;
  return part("Body", h("p.quiet.small", h("code", type), request.required ? "" : ", may be left out"),
    fieldList(schemas, media.schema, 0, false));
}

/** @param {Schemas} schemas @param {any} operation */
function answers(schemas, operation) {
  const all = Object.entries(operation.responses ?? {}).map(([status, response]) => [status, schemas.resolve(response)]);
  const done = all.filter(([status]) => status < 400);
  const failed = all.filter(([status]) => !(status < 400));
  return [
    done.map(([status, response]) => {
      const media = Object.entries(response.content ?? {});
      const headers = Object.entries(response.headers ?? {}).map(([name, header]) => [name, schemas.resolve(header)]);
      const schema = media[0]?.[1].schema;
      return part(`Answer ${status}`,
        h("p.quiet", prose(response.description), media.length > 0 && " ", media.map(([type], place) => [place ? ", " : "", h("code", type)]),
          schema && !schemas.plain(schema).schema.properties && `: ${schemas.kind(schema)}`),
        headers.length > 0 && h("ul.fields", headers.map(([name, header]) =>
          field(schemas, name, { ...header.schema, description: header.description }, "header", 0))),
        schema && fieldList(schemas, schema, 0, true));
    }),
    failed.length ? part("Errors", h("ul.codes", failed.map(([status, response]) =>
      h("li", h("b", status), h("span", response.description.split(", ").map((/** @type {string} */ code, /** @type {number} */ place) => [place ? ", " : "", h("code", code)])))))) : null,
  ];
}

/** A value to begin with, for the line to type. @param {Schemas} schemas @param {any} schema */
function example(schemas, schema) {
  const { schema: plain } = schemas.plain(schema);
  const [first] = schemas.values(plain);
  if (first) return first[0];
  if (plain.type === "boolean") return true;
  if (plain.type === "integer") return 0;
  if (plain.type === "array") return [];
  return "…";
}

/**
 * A command line; curl asks for the password by itself, so that none stands in an argument.
 * @param {Schemas} schemas @param {string} method @param {string} path @param {any} operation
 */
function command(schemas, method, path, operation) {
  const isPublic = operation.security?.some((/** @type {any} */ choice) => Object.keys(choice).length === 0);
  const words = [`curl${isPublic ? "" : " --user NAME"}${method === "get" ? "" : ` --request ${method.toUpperCase()}`}`];
  const [[type, media] = []] = Object.entries(schemas.resolve(operation.requestBody).content ?? {});
  if (type) {
    const { fields, required } = schemas.inside(media.schema);
    const shown = required.size ? fields.filter(([name]) => required.has(name)) : fields.filter(([, inner]) => !inner.writeOnly).slice(0, 1);
    const pairs = shown.map(([name, inner]) => [name, example(schemas, inner)]);
    const data = type === "application/json" ? JSON.stringify(Object.fromEntries(pairs)) : new URLSearchParams(Object.fromEntries(pairs)).toString();
    words.push(`--header 'Content-Type: ${type}'`, `--data '${data}'`);
  }
  const needed = (operation.parameters ?? []).map((/** @type {any} */ it) => schemas.resolve(it)).filter((/** @type {any} */ it) => it.in === "query" && it.required);
  const query = needed.map((/** @type {any} */ it) => `${it.name}=${String(it.name).toUpperCase()}`).join("&");
  const place = path.replace(/[{}]/g, (brace) => (brace === "{" ? "<" : ">"));
  words.push(`'${location.origin}${place}${query && `?${query}`}'`);
  return h("pre", { tabindex: "0", "aria-label": "Command" }, words.join(" \\\n  "));
}

/** @param {Schemas} schemas @param {Entry} entry */
function drawOperation(schemas, { method, path, operation }) {
  const isPublic = operation.security?.some((/** @type {any} */ choice) => Object.keys(choice).length === 0);
  const details = h("details", { id: operation.operationId },
    h("summary",
      h("span", { class: `method ${method.toUpperCase()}` }, method.toUpperCase()),
      h("code.path", breakable(path, "/")),
      h("span.what.quiet", prose(operation.summary))));
  // What is inside is drawn at the first opening: the page is there at once.
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) {
      details.append(h("div.operation",
        h("p.quiet", h("a", { href: `#${operation.operationId}` }, operation.operationId),
          isPublic ? " · works without credentials" : ""),
        operation.description ? h("p", prose(operation.description)) : null,
        command(schemas, method, path, operation),
        parameters(schemas, operation, "path", "In the path"),
        parameters(schemas, operation, "query", "In the query"),
        body(schemas, operation),
        answers(schemas, operation)));
    }
    mark();
  });
  return h("li", details);
}

/** The operations by area, in the order of the document's own list of areas. @param {any} api @returns {[string, Area][]} */
function byArea(api) {
  /** @type {Map<string, Area>} */
  const grouped = new Map((api.tags ?? []).map((/** @type {any} */ tag) => [tag.name, { text: tag.description, operations: [] }]));
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((method) => item[method])) {
      const operation = item[method];
      const area = operation.tags?.[0] ?? "Other";
      if (!grouped.has(area)) grouped.set(area, { operations: [] });
      grouped.get(area)?.operations.push({ method, path, operation });
    }
  }
  return [...grouped].filter(([, { operations }]) => operations.length);
}

/** @param {Schemas} schemas */
function drawErrors(schemas) {
  const schema = { $ref: "#/components/schemas/ErrorAnswer" };
  return h("section", { id: slug("Errors") }, h("h2", "Errors"),
    h("p", "Every error has this body. The codes stand with each operation."),
    fieldList(schemas, schema, 0, true));
}

/** @param {any} api @returns {Drawing} */
function draw(api) {
  const schemas = new Schemas(api);
  /** @type {HTMLElement} */ (document.getElementById("version")).textContent = api.info.version;
  content.append(h("div.intro",
    h("p", prose(api.info.description)),
    h("p", "The same as a document: ", h("a", { href: "/api/v0/openapi.json" }, "openapi.json"), `, OpenAPI ${api.openapi}.`)));
  /** @type {Drawing["rows"]} */
  const rows = [];
  const sections = byArea(api).map(([area, { text, operations }]) => {
    const list = operations.map((entry) => {
      const row = drawOperation(schemas, entry);
      const { operationId, summary } = entry.operation;
      rows.push({ row, text: [area, entry.method, entry.path, operationId, summary].join(" ").toLowerCase() });
      return row;
    });
    const link = h("li", h("a", { href: `#${slug(area)}` }, area, h("span", { "aria-hidden": "true" }, String(operations.length))));
    const section = h("section", { id: slug(area) }, h("h2", area), text ? h("p", prose(text)) : null, h("ul", list));
    areas.append(link);
    content.append(section);
    return { section, link, list };
  });
  areas.append(h("li", h("a", { href: `#${slug("Errors")}` }, "Errors")));
  content.append(drawErrors(schemas));
  return { rows, sections };
}

/**
 * Shows the operations that contain every word of the search, and keeps the search in the address.
 * @param {Drawing} drawing
 */
function filter({ rows, sections }) {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { row, text } of rows) {
    row.hidden = !words.every((word) => text.includes(word));
    if (!row.hidden) count += 1;
  }
  for (const { section, link, list } of sections) {
    section.hidden = link.hidden = list.every((row) => row.hidden);
  }
  found.textContent = words.length ? `${count} of ${rows.length} operations` : "";
  const address = new URL(location.href);
  if (words.length) address.searchParams.set("q", search.value.trim());
  else address.searchParams.delete("q");
  history.replaceState(null, "", address);
}

/** Opens what the address names. */
function follow() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target || !content.contains(target)) return;
  if (target.closest("[hidden]")) {
    search.value = "";
    search.dispatchEvent(new Event("input"));
  }
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.querySelector("summary")?.focus({ preventScroll: true });
  }
  target.scrollIntoView();
  mark();
}

/** Marks the area that is being read. */
function mark() {
  const line = innerHeight / 3;
  /** @type {HTMLElement | null} */
  let present = null;
  for (const section of content.querySelectorAll("section:not([hidden])")) {
    if (section.getBoundingClientRect().top < line) present = /** @type {HTMLElement} */ (section);
  }
  for (const link of areas.querySelectorAll("a")) {
    const isPresent = present !== null && link.hash === `#${present.id}`;
    if (isPresent === link.hasAttribute("aria-current")) continue;
    if (isPresent) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    // On a phone the areas are one line that scrolls.
    if (isPresent) areas.scrollLeft = link.offsetLeft - areas.offsetLeft - 16;
  }
}

/** @param {Drawing} drawn */
function listen(drawn) {
  search.addEventListener("input", () => filter(drawn));
  addEventListener("hashchange", follow);
  addEventListener("scroll", mark, { passive: true });
  // Opening one by hand names it in the address, ready to be passed on.
  content.addEventListener("click", (event) => {
    const details = /** @type {HTMLDetailsElement | null | undefined} */ (/** @type {Element} */ (event.target).closest("summary")?.parentElement);
    if (details && !details.open) history.replaceState(null, "", `#${details.id}`);
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== search && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      filter(drawn);
    }
  });
}

async function start() {
  const waiting = h("p", { class: "quiet", role: "status" });
  const late = setTimeout(() => (waiting.textContent = "Reading the document"), 300);
  content.append(waiting);
  try {
    const response = await fetch("/api/v0/openapi.json");
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const drawn = draw(await response.json());
    waiting.remove();
    search.value = new URL(location.href).searchParams.get("q") ?? "";
    listen(drawn);
    filter(drawn);
    follow();
    mark();
  } catch (error) {
    waiting.textContent = `The document could not be read: ${error.message}. Reload the page to try again.`;
  } finally {
    clearTimeout(late);
  }
}

start();
