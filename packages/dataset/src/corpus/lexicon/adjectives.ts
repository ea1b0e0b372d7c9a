import { words } from "./table.js";
import type { Thing } from "./objects.js";

/** How a character can be by nature. */
export const CHARACTER_ADJECTIVES: readonly string[] = words(`
  small brave old clever shy gentle hungry lonely curious quiet cheerful kind young little happy funny lazy busy careful friendly
  polite proud patient wise strong honest playful tired sleepy calm grumpy bold silly eager helpful poor rich tall tiny`);

/** How a helper can be: only what makes helping likely. */
export const HELPER_ADJECTIVES: readonly string[] = words("kind old wise clever friendly gentle brave young helpful patient strong polite calm small cheerful honest");

/** How almost any thing can be. */
export const THING_ADJECTIVES: readonly string[] = words("small big old new pretty red blue green yellow white black little lovely fine strange plain bright brown pink special simple nice");

const BY_MATERIAL: Record<string, string[]> = {
  wood: words("wooden heavy strong round"), metal: words("shiny heavy silver strong"), gold: words("golden shiny"), silver: words("shiny fine"),
  cloth: words("soft light colorful"), wool: words("soft warm thick"), glass: words("clear shiny"), paper: words("thin colorful light"), straw: words("light round"),
  clay: words("round smooth"), leather: words("smooth soft"), rubber: words("round colorful"), plastic: words("light colorful smooth"),
};

const BY_FOOD: Record<string, string[]> = { fruit: words("ripe sweet fresh round"), vegetable: words("fresh ripe"), "sweet food": words("sweet warm") };

/** Adjectives that fit a thing to eat, by its kind. */
export function foodAdjectives(kind: string): readonly string[] {
  return [...words("big small tasty lovely fine nice little"), ...(BY_FOOD[kind] ?? [])];
}

/** Adjectives that fit a thing, by its material. */
export function thingAdjectives(thing: Pick<Thing, "madeOf">): readonly string[] {
  return [...THING_ADJECTIVES, ...(BY_MATERIAL[thing.madeOf] ?? [])];
}

/** Pairs that mean something else when they stand together (a brownstone, a blackball, a gentleman). */
export const COMPOUNDS: ReadonlySet<string> = new Set([
  "brown stone", "green stone", "strong box", "yellow hammer", "black ball", "brown shirt", "black shirt", "red coat", "green belt", "black belt", "strong man", "tall boy", "poor boy",
  "gentle man", "gentle woman", "light house", "green house", "blue bell", "black smith", "silver fish", "black bird", "blue bird", "red cap", "white cap",
]);

/** How one feels at a good end, and on the way. */
export const GLAD: readonly string[] = words("happy glad proud thankful cheerful");
export const WORRIED: readonly string[] = words("sad worried upset unhappy sorry");

/** Adjectives with their opposite, for short questions. */
export const OPPOSITES: readonly (readonly [string, string])[] = words(`
  big:small hot:cold tall:short old:young happy:sad fast:slow light:dark loud:quiet hard:soft wet:dry full:empty clean:dirty strong:weak early:late
  open:closed rich:poor near:far thick:thin high:low heavy:light easy:difficult good:bad brave:afraid right:wrong long:short deep:shallow smooth:rough
  sweet:sour wide:narrow first:last new:old busy:lazy safe:dangerous same:different true:false up:down day:night warm:cool black:white`)
  .map((pair) => pair.split(":") as [string, string]);
