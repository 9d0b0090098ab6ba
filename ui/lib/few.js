// Owns the choice of a list's source: what is few is read whole, and searched and sorted here; of more, the server gives page after
// page.
//
// Exports
//   fewOrPages(read, signal, local)    async → options of lib/list.js
//       read     async ({ start, size, signal }) → { rows, next }: one page of the server's
//       local    options that only what is whole can have, such as search and sort; otherwise no column sorts
//       columns  those of the list, in either case

/** So many are few. */
const WHOLE = 1_000;

/** @template Row @typedef {(wanted: { start: string | null, size: number, signal: AbortSignal }) => Promise<ListPage<Row>>} Read */

/**
 * @template Row @param {Read<Row>} read @param {AbortSignal} signal
 * @param {Partial<ListOptions<Row>> & { columns: Column<Row>[] }} local
 * @returns {Promise<Partial<ListOptions<Row>> & { columns: Column<Row>[] }>}
 */
export async function fewOrPages(read, signal, local) {
  const first = await read({ start: null, size: WHOLE, signal });
  if (first.next) return { page: read, columns: local.columns.map((column) => ({ ...column, sort: false })) };
  /** @type {Row[] | null} */
  let known = first.rows;
  /** @param {{ signal: AbortSignal }} options */
  const all = async (options) => {
    // The list draws what is here; after that it asks because something changed.
    const rows = known ?? (await readWhole(read, options.signal));
    known = null;
    return rows;
  };
  return { ...local, all };
}

/** @template Row @param {Read<Row>} read @param {AbortSignal} signal */
async function readWhole(read, signal) {
  /** @type {Row[]} */
  const rows = [];
  /** @type {string | null} */
  let start = null;
  do {
    const page = await read({ start, size: WHOLE, signal });
    rows.push(...page.rows);
    start = page.next;
  } while (start);
  return rows;
}
