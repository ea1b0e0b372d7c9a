/** How deeply the components of a file may be nested; those of known tokenizers are below ten. */
const MAX_DEPTH = 64;
/** How many values the components may have in all; added tokens have seven each. */
const MAX_VALUES = 1 << 23;
/** Texts up to this many characters can't be nested so deeply that parsing takes long. */
const SMALL = 1 << 23;

/** Whether some parsed values are too deep or too many to be walked through: also where an object contains itself. */
export function isTooLarge(values: readonly unknown[]): boolean {
  let left = MAX_VALUES;
  const walk = (value: unknown, depth: number): boolean => {
    if (--left < 0 || depth > MAX_DEPTH) return true;
    return value !== null && typeof value === "object" && Object.values(value).some((inner) => walk(inner, depth + 1));
  };
  return values.some((value) => walk(value, 0));
}

/** Whether a large text has brackets so deep that it is no tokenizer.json: parsing it would take gigabytes. */
export function isTooDeep(source: string): boolean {
  if (source.length <= SMALL) return false;
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const unit = source.charCodeAt(at);
    if (unit === 0x22) {
      for (at++; at < source.length && source.charCodeAt(at) !== 0x22; at++) if (source.charCodeAt(at) === 0x5c) at++;
    } else if (unit === 0x5b || unit === 0x7b) {
      if (++depth > MAX_DEPTH * 2) return true;
    } else if (unit === 0x5d || unit === 0x7d) depth--;
  }
  return false;
}

/** A value for an error's message: short, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 120 ? `${value.slice(0, 120)}…` : value);
  if (value !== null && typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
  return JSON.stringify(value ?? null);
}
