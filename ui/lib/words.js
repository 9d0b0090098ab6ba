// Owns how numbers are told.
//
// Exports
//   figure(number)              "12,345"
//   plural(3, "access token")   "3 access tokens"; the third argument is the plural where it is not the word with an s
//   size(bytes)                 "2.5 MB", by thousands as registries and docker tell it; empty for 0, which stands for not known

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** @param {number} number */
export const figure = (number) => number.toLocaleString("en");

/** @param {number} count @param {string} word @param {string} [many] */
export const plural = (count, word, many = `${word}s`) => `${figure(count)} ${count === 1 ? word : many}`;

/** @param {number} bytes */
export function size(bytes) {
  if (!bytes) return "";
  const place = Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** place;
  return `${amount.toLocaleString("en", { maximumFractionDigits: amount < 10 && place > 0 ? 1 : 0 })} ${UNITS[place]}`;
}
