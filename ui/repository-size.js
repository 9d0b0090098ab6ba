// Owns how an amount of bytes is told, as registries and docker do: by thousands.
//
// Exports
//   size(bytes)      "2.5 MB"; empty for 0, which stands for not known

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function size(bytes) {
  if (!bytes) return "";
  const place = Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** place;
  return `${amount.toLocaleString("en", { maximumFractionDigits: amount < 10 && place > 0 ? 1 : 0 })} ${UNITS[place]}`;
}
