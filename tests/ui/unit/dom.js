// Owns the little of a document that scripts need which make their elements by themselves: for tests without a browser.
//
// Exports
//   standIn()     puts it in the place of what a browser has

class StandIn {
  constructor(tag) {
    Object.assign(this, { tagName: tag.toUpperCase(), children: [], attributes: {}, handlers: {}, dataset: {}, hidden: false, isConnected: false });
  }
  get textContent() { return this.children.map((it) => it.textContent ?? String(it)).join(""); }
  set textContent(text) { this.children = text === "" ? [] : [text]; }
  get id() { return this.attributes.id ?? ""; }
  append(...children) { this.children.push(...children); }
  replaceChildren(...children) { this.children = children; }
  setAttribute(key, value) { this.attributes[key] = value; }
  getAttribute(key) { return this.attributes[key] ?? null; }
  removeAttribute(key) { delete this.attributes[key]; }
  addEventListener(kind, handler) { (this.handlers[kind] ??= []).push(handler); }
  dispatch(kind) { for (const handler of this.handlers[kind] ?? []) handler({ preventDefault() {} }); }
  classList = { toggle() {}, add() {} };
}

export function standIn() {
  globalThis.Node = StandIn;
  globalThis.location = new URL("https://pass.example.com/profile/access-tokens/new");
  globalThis.document = {
    visibilityState: "visible", createElement: (tag) => new StandIn(tag), getElementById: (id) => new StandIn(id), addEventListener() {},
  };
}
