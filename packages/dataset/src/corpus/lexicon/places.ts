import { rows, words } from "./table.js";

/** A place: the preposition for being there, what is found there, tags for who can be there. */
export interface Place {
  noun: string;
  /** "in", "on", "at" or "by". */
  at: string;
  found: string[];
  about: string;
  /** land, water (animals of the sea can be there), inside, visit (a goal of a short walk). */
  tags: ReadonlySet<string>;
}

const TABLE = `
forest     | in | trees, birds, mushrooms        | dark and quiet   | land visit
meadow     | in | flowers, bees, grass           | green and sunny  | land visit
garden     | in | flowers, bushes, paths         | pretty and green | land visit
village    | in | small houses, a well, friendly people | small and friendly | land visit
town       | in | streets, shops, many people    | busy and loud    | land visit
park       | in | benches, trees, children       | green and open   | land visit
hill       | on | stones, grass, wind            | high and windy   | land visit
mountain   | on | rocks, snow, eagles            | high and cold    | land
river      | by | stones, fish, boats            | long and clear   | land water visit
lake       | by | swans, boats, fish             | wide and calm    | land water visit
pond       | by | ducks, frogs, lilies           | small and calm   | land visit
sea        | by | waves, fish, ships             | deep and blue    | water
beach      | on | crabs, sand, small stones      | sandy and warm   | land water visit
harbor     | at | ships, ropes, sailors          | busy and wet     | land water visit
island     | on | trees, sand, birds             | small and quiet  | water
farm       | on | cows, hens, a barn             | busy and useful  | land visit
barn       | in | cows, tools, hay               | big and warm     | land inside visit
field      | in | crows, corn, wheat             | wide and open    | land visit
orchard    | in | apples, pears, ladders         | sunny and sweet  | land visit
market     | at | many people, fruit, bread      | loud and busy    | land visit
bakery     | at | cakes, bread, an oven          | warm and sweet   | land inside
shop       | at | toys, food, a friendly shopkeeper | small and full | land inside
school     | at | children, books, desks         | busy and bright  | land inside
library    | at | books, tables, quiet people    | quiet and calm   | land inside
hospital   | at | doctors, nurses, beds          | clean and quiet  | inside
castle     | at | a king, guards, tall towers    | old and tall     | land inside visit
tower      | in | stairs, windows, old books     | tall and narrow  | inside
mill       | at | bags of flour, wheat, a big wheel      | old and loud     | land inside visit
bridge     | on | people, carts, a fine view     | long and strong  | land visit
cave       | in | bats, stones, darkness         | dark and cold    | land
jungle     | in | monkeys, parrots, tall trees   | hot and green    | land
desert     | in | camels, sand, hot wind         | hot and dry      | land
grassland  | in | lions, zebras, tall grass      | wide and dry     | land
kitchen    | in | pots, plates, a table          | warm and tidy    | inside
attic      | in | old boxes, dust, a small window | dusty and dark  | inside
cellar     | in | jars, potatoes, cool air       | cool and dark    | inside
yard       | in | swings, grass, a fence        | small and safe   | land
street     | on | cars, lamps, people            | long and busy    | land
station    | at | trains, clocks, people with bags | loud and busy  | inside
theater    | at | singers, dancers, a stage      | big and grand    | inside
museum     | at | old things, pictures, guides   | quiet and big    | inside
zoo        | at | lions, monkeys, visitors       | big and lively   | inside
playground | at | swings, slides, children       | loud and happy   | land
workshop   | in | tools, wood, a bench           | busy and dusty   | inside
circus     | at | clowns, music, bright lights   | loud and bright  | inside
restaurant | at | tables, chairs, good food     | warm and busy    | inside
airport    | at | planes, pilots, people with bags | big and busy   | inside
bedroom    | in | a bed, a lamp, soft pillows    | quiet and cozy   | inside
waterfall  | by | rocks, mist, clear water       | loud and wet     | land visit
valley     | in | farms, a river, green fields   | wide and green   | land visit
`;

/** Places of the sample world. */
export const PLACES: readonly Place[] = rows(TABLE, 5).map(([noun, at, found, about, tags]) => ({
  noun: noun!, at: at!, found: found!.split(", "), about: about!, tags: new Set(words(tags!)),
}));

/** "in the forest", "on the hill". */
export function inPlace(place: Place): string {
  return `${place.at} the ${place.noun}`;
}

/** A kind of weather and what it does, or a season and what it brings. */
export interface Weather { noun: string; kind: "weather" | "season"; is: string; does: string; wear: string }

/** Weather and seasons. */
export const WEATHER: readonly Weather[] = rows(
  `rain    | weather | wet and cool        | makes the plants grow       | a coat and boots
  snow    | weather | white and cold      | covers the ground           | a warm coat and a hat
  wind    | weather | strong and fresh    | moves the leaves            | a jacket and a scarf
  sunshine | weather | bright and warm    | dries the ground            | a cap
  fog     | weather | gray and thick      | hides the road              | a coat
  frost   | weather | white and thin      | covers the windows          | a scarf and a hat
  ice     | weather | hard and cold       | covers the lake             | a warm coat
  spring  | season  | fresh and mild      | brings flowers and young animals | a light jacket
  summer  | season  | hot and sunny       | brings long days and ripe fruit  | a shirt and a cap
  autumn  | season  | cool and windy      | brings red leaves and nuts  | a jacket
  winter  | season  | cold and dark       | brings snow and ice         | a coat and a scarf`,
  5,
).map(([noun, kind, is, does, wear]) => ({ noun: noun!, kind: kind as Weather["kind"], is: is!, does: does!, wear: wear! }));
