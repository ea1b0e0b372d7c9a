import type { Rng } from "../random.js";

/** Varies how a person types: lower case, no final mark, "please". The words stay the same. */
export function varyInput(rng: Rng, text: string): string {
  let out = text;
  const asked = /^(Tell|Write|Give|Describe|Explain|Make|Name|Use|Say|Show|Can you|Could you|What|Where|How)/.test(out);
  if (asked && !/please/i.test(out) && rng.chance(0.06)) out = `Please ${out[0]!.toLowerCase()}${out.slice(1)}`.replace(/^Please (what|where|how)/, (_, word: string) => `Please tell me: ${word}`);
  if (rng.chance(0.2)) out = out.toLowerCase();
  if (rng.chance(0.18)) out = out.replace(/[.?!]$/, "");
  if (asked && !/please/i.test(out) && rng.chance(0.03)) out = /[.?!]$/.test(out) ? `${out.slice(0, -1)}, please${out.at(-1)}` : `${out} please`;
  return out;
}

/** One form for all inputs that differ only as `varyInput` makes them differ: decides whether a prompt was seen. */
export function canonicalPrompt(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, " ").replace(/\bplease\b(?: tell me(?= (?:what|where|how)\b))?/g, " ").replace(/\s+/g, " ").trim();
}
