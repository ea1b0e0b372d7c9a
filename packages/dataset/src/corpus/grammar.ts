/** English inflection and assembly, only as much as the words of the lexicon need; exceptions are listed, never guessed. */

const IRREGULAR_PLURALS: Record<string, string> = {
  mouse: "mice", goose: "geese", sheep: "sheep", deer: "deer", fish: "fish", wolf: "wolves", child: "children", man: "men", woman: "women",
  calf: "calves", leaf: "leaves", knife: "knives", shelf: "shelves", loaf: "loaves", scarf: "scarves", foot: "feet", tooth: "teeth",
  fireman: "firemen", postman: "postmen", fisherman: "fishermen", potato: "potatoes", tomato: "tomatoes", thief: "thieves",
};

/** The plural of a noun: `fox` → `foxes`, `berry` → `berries`, `mouse` → `mice`. */
export function plural(noun: string): string {
  const known = IRREGULAR_PLURALS[noun];
  if (known !== undefined) return known;
  if (/(s|x|z|ch|sh)$/.test(noun)) return `${noun}es`;
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return `${noun}s`;
}

// Words whose first sound is not what their first letter says.
const VOWEL_SOUND = /^(?:[aeio]|u(?!se|ni(?!n)))|^hour|^honest/;
const CONSONANT_SOUND = /^(?:one\b|once\b)/;

/** "a" or "an" for the word that follows. */
export function article(word: string): "a" | "an" {
  const lower = word.toLowerCase();
  return VOWEL_SOUND.test(lower) && !CONSONANT_SOUND.test(lower) ? "an" : "a";
}

/** The phrase with its indefinite article: `old fox` → `an old fox`. */
export function indefinite(phrase: string): string {
  return `${article(phrase)} ${phrase}`;
}

/** First letter in upper case; leaves the rest alone. */
export function capitalise(text: string): string {
  const at = text.startsWith('"') ? 1 : 0;
  return text.slice(0, at) + text.charAt(at).toUpperCase() + text.slice(at + 1);
}

/** Sets every "a" to "a" or "an" by what follows, and capitalises after a full stop. */
export function finish(text: string): string {
  const withArticles = text.replace(/\b([Aa])n? (?=([A-Za-z]+))/g, (_, a: string, word: string) => `${a}${article(word) === "an" ? "n" : ""} `);
  return capitalise(withArticles.replace(/(\.|\.") ("?[a-z])/g, (_, stop: string, next: string) => `${stop} ${next.toUpperCase()}`));
}

/** `a, b, and c`. */
export function list(words: readonly string[], conjunction = "and"): string {
  if (words.length <= 1) return words[0] ?? "";
  if (words.length === 2) return `${words[0]} ${conjunction} ${words[1]}`;
  return `${words.slice(0, -1).join(", ")}, ${conjunction} ${words[words.length - 1]}`;
}

/** Possessive of a name or noun phrase: `Anna's`, `the fox's`. */
export function possessive(phrase: string): string {
  return phrase.endsWith("s") ? `${phrase}'` : `${phrase}'s`;
}

const VOWEL = /[aeiou]/;
const doubles = new Set([
  "run", "stop", "hop", "dig", "swim", "sit", "cut", "hug", "win", "clap", "skip", "drop", "put", "get", "set", "nap", "shop", "plan", "hum", "beg",
  "chop", "mop", "wrap", "trap", "spin", "grab", "nod", "pat", "rub", "dip", "mix_", "begin", "forget", "shut", "slip", "trip", "wag", "sip",
]);

/** Third person singular present: `carry` → `carries`. */
export function thirdPerson(base: string): string {
  if (base === "be") return "is";
  if (base === "have") return "has";
  if (/(s|x|z|ch|sh|o)$/.test(base)) return `${base}es`;
  if (/[^aeiou]y$/.test(base)) return `${base.slice(0, -1)}ies`;
  return `${base}s`;
}

/** The -ing form: `run` → `running`, `bake` → `baking`. */
export function gerund(base: string): string {
  if (base === "be") return "being";
  if (/ie$/.test(base)) return `${base.slice(0, -2)}ying`;
  if (/[^eoy]e$/.test(base)) return `${base.slice(0, -1)}ing`;
  return doubles.has(base) ? `${base}${base.at(-1)}ing` : `${base}ing`;
}

/** The regular past: `plant` → `planted`, `stop` → `stopped`, `carry` → `carried`. */
export function regularPast(base: string): string {
  if (base.endsWith("e")) return `${base}d`;
  if (/[^aeiou]y$/.test(base)) return `${base.slice(0, -1)}ied`;
  return doubles.has(base) && VOWEL.test(base) ? `${base}${base.at(-1)}ed` : `${base}ed`;
}

/** How a being is spoken of. */
export interface Pronouns { he: string; him: string; his: string; himself: string }
export type Gender = "m" | "f" | "n";

const PRONOUNS: Record<Gender, Pronouns> = {
  m: { he: "he", him: "him", his: "his", himself: "himself" },
  f: { he: "she", him: "her", his: "her", himself: "herself" },
  n: { he: "it", him: "it", his: "its", himself: "itself" },
};

/** Subject, object, possessive and reflexive pronoun of a gender. */
export function pronouns(gender: Gender): Pronouns {
  return PRONOUNS[gender];
}
