// Owns the requests to the API. Everything the pages know or do goes through here; there is no other way to the server.
//
// Exports
//   get(path, { query, signal })            GET → the body
//   ifChanged(path, tag, { signal })        GET → { body, tag }: body is null while the answer is still the one of that tag
//   list(path, { query, signal })           GET → { body, next, count } with X-Next-Page-Start and X-Resource-Count
//   raw(path, { query, signal, accept })    GET → the Response, for what is no JSON; accept is its media type
//   readAll(path, { query, signal, rows, progress, isByName, most })
//                                           every page of a list, 1,000 at a time → an array;
//                                           rows(body) takes the entries out of a body, progress(done, all) is called between;
//                                           isByName: its pages begin at a name (start, limit), as below /enzi/; at `most` so many
//   inBatches(items, read)                  async read(item) of each, a few at a time → an array of what they gave, in order
//   post / put / patch / remove(path, { body, query, signal })   a change → the body (null if there is none)
//   postNoting / patchNoting / removeNoting(path, options)
//                                           a change → { body, warning }: warning is the text of a Warning header, or null
//   ApiError                                what all of them throw: { status, code, message, field, detail, retryAfter };
//                                           field and message are ready to stand beside the form's field of that name
//   unreachable()                           the ApiError of a server that does not answer
//   isGone(error)                           whether it is a 404
//   isAbort(error)                          whether it only means that the person went elsewhere
//   onEnded(handler)                        for session.js: asked at a 401 of a session that stood; true = try again

import { during } from "./notice.js";

const NAMES = { get: "GET", post: "POST", put: "PUT", patch: "PATCH", remove: "DELETE" };
const PAGE = 1000;
/** Requests that are under way at once where there are many. */
const ABREAST = 6;

/** @type {(method: string) => Promise<boolean>} */
let ended = async () => false;

/** @param {(method: string) => Promise<boolean>} handler */
export const onEnded = (handler) => (ended = handler);

export class ApiError extends Error {
  /** @param {{ status?: number, code?: string, message: string, detail?: any, retryAfter?: number | null }} facts */
  constructor({ status = 0, code = "", message, detail = null, retryAfter = null }) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
    /** @type {string | null} */
    this.field = detail?.field ?? null;
  }
}

/** @param {any} error @returns {boolean} */
export const isGone = (error) => error instanceof ApiError && error.status === 404;
/** @param {any} error @returns {boolean} */
export const isAbort = (error) => error?.name === "AbortError";

export const unreachable = () => new ApiError({ message: "The server cannot be reached. Check the connection, then try again." });

/** Names and signs, which the API sets in backticks as a terminal shows them. @param {string} text */
const quoted = (text) => text.replace(/`([^`]+)`/g, "“$1”");

/**
 * A sentence begins with a capital, but for names: a key of the configuration, a host, a tag.
 * @param {string} given @returns {string}
 */
const sentence = (given) => {
  const text = quoted(given);
  return text && (/^\S*[._]\S/.test(text) ? text[0] : text[0].toUpperCase()) + text.slice(1) + (/[.:!?]$/.test(text) ? "" : ".");
};

/** @param {Response} response */
async function failure(response) {
  const { errors: [entry] = [] } = await response.json().catch(() => ({}));
  const detail = entry?.detail ?? null;
  let message = entry?.message ?? `The server answered ${response.status}`;
  // "field: reason" beside the field says the reason only.
  if (detail?.field && message.startsWith(`${detail.field}: `)) message = message.slice(detail.field.length + 2);
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  return new ApiError({ status: response.status, code: entry?.code, message: sentence(message), detail, retryAfter });
}

/** @param {string} path @param {RequestOptions["query"]} [query] */
function address(path, query = {}) {
  const url = new URL(path, location.origin);
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(key, String(value));
  }
  return url;
}

/** @param {string} method @param {string} path @param {RequestOptions} [options] */
async function send(method, path, { body, query, signal, accept = "application/json", known } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: accept };
  if (known) headers["If-None-Match"] = known;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await during(fetch(address(path, query), {
      method, headers, signal, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body),
    }));
  } catch (error) {
    if (isAbort(error)) throw error;
    throw unreachable();
  }
}

/**
 * One request; after a sign-in in between, the same once more, so that what was typed goes where it should.
 * @param {string} method @param {string} path @param {RequestOptions} [options] @returns {Promise<Response>}
 */
async function request(method, path, options = {}) {
  const { mayEnd = true } = options;
  const response = await send(method, path, options);
  if (response.ok || response.status === 304) return response;
  const error = await failure(response);
  // Without its body it would pass for an error of the server.
  options.signal?.throwIfAborted();
  if (response.status === 401 && mayEnd && (await ended(method))) return request(method, path, { ...options, mayEnd: false });
  throw error;
}

/** @param {Response} response @returns {Promise<any>} */
const bodyOf = async (response) => {
  const text = await response.text();
  return text ? JSON.parse(text) : null;
};

/** @param {keyof typeof NAMES} name */
const call = (name) => /** @param {string} path @param {RequestOptions} [options] */ async (path, options) => bodyOf(await request(NAMES[name], path, options));

export const get = call("get");
export const post = call("post");
export const put = call("put");
export const patch = call("patch");
export const remove = call("remove");

/** @param {string} path @param {RequestOptions} [options] */
export const raw = (path, options) => request("GET", path, options);

/** @param {string} path @param {string | null} tag @param {RequestOptions} [options] @returns {Promise<{ body: any, tag: string | null }>} */
export async function ifChanged(path, tag, options) {
  const response = await request("GET", path, { ...options, known: tag });
  return response.status === 304 ? { body: null, tag } : { body: await bodyOf(response), tag: response.headers.get("ETag") };
}

/** @param {keyof typeof NAMES} name */
const noting = (name) => /** @param {string} path @param {RequestOptions} [options] */ async (path, options) => {
  const response = await request(NAMES[name], path, options);
  const [, warning = null] = response.headers.get("Warning")?.match(/"(.*)"/) ?? [];
  return { body: await bodyOf(response), warning: warning && sentence(warning) };
};

export const postNoting = noting("post");
export const patchNoting = noting("patch");
export const removeNoting = noting("remove");

/** @param {string} path @param {RequestOptions} [options] */
export async function list(path, options) {
  const response = await request("GET", path, options);
  const body = await bodyOf(response);
  const count = response.headers.get("X-Resource-Count");
  return { body, next: response.headers.get("X-Next-Page-Start") || null, count: count === null ? null : Number(count) };
}

/**
 * @param {string} path @param {RequestOptions & { rows?: (body: any) => any[], progress?: Progress, isByName?: boolean, most?: number }} [options]
 * @returns {Promise<any[]>}
 */
export async function readAll(path, { query = {}, signal, rows = (body) => body, progress, isByName = path.startsWith("/enzi/"), most = Number.POSITIVE_INFINITY } = {}) {
  const [start, size] = isByName ? ["start", "limit"] : ["pageStart", "pageSize"];
  /** @type {any[]} */
  const all = [];
  /** @type {string | null} */
  let next = null;
  let count = null;
  do {
    /** @type {RequestOptions["query"]} */
    const asked = { ...query, [start]: next, [size]: Math.min(PAGE, most - all.length), ...(next === null && !isByName && progress && { count: true }) };
    const page = await list(path, { query: asked, signal });
    all.push(...rows(page.body));
    count ??= page.count ?? page.body?.resourceCount ?? null;
    next = page.next;
    if (next && progress) progress(all.length, count);
  } while (next && all.length < most);
  return all;
}

/**
 * What many small requests give, without hundreds of them at once.
 * @template Item, Found @param {Item[]} items @param {(item: Item) => Promise<Found>} read @returns {Promise<Found[]>}
 */
export async function inBatches(items, read) {
  /** @type {Found[]} */
  const found = [];
  for (let start = 0; start < items.length; start += ABREAST) found.push(...(await Promise.all(items.slice(start, start + ABREAST).map(read))));
  return found;
}
