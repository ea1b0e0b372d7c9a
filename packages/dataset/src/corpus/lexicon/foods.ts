import { rows, words } from "./table.js";

/** Something to eat. `countable` foods can be the object of a story ("an apple"); the others are only spoken of ("bread"). */
export interface Food {
  noun: string;
  kind: string;
  countable: boolean;
  taste: string;
  colour: string;
  /** Where it comes from: "grows on a tree", "comes from a cow". */
  origin: string;
}

const TABLE = `
apple     | fruit     | c | sweet  | red    | grows on a tree
pear      | fruit     | c | sweet  | green  | grows on a tree
plum      | fruit     | c | sweet  | purple | grows on a tree
peach     | fruit     | c | sweet  | orange | grows on a tree
lemon     | fruit     | c | sour   | yellow | grows on a tree
orange    | fruit     | c | sweet  | orange | grows on a tree
banana    | fruit     | c | sweet  | yellow | grows on a tall plant
cherry    | fruit     | c | sweet  | red    | grows on a tree
strawberry | fruit    | c | sweet  | red    | grows near the ground
melon     | fruit     | c | sweet  | green  | grows on the ground
carrot    | vegetable | c | sweet  | orange | grows under the ground
potato    | vegetable | c | mild   | brown  | grows under the ground
onion     | vegetable | c | strong | yellow | grows under the ground
tomato    | vegetable | c | fresh  | red    | grows on a green plant
pumpkin   | vegetable | c | mild   | orange | grows on the ground
cabbage   | vegetable | c | mild   | green  | grows on the ground
mushroom  | food      | c | mild   | brown  | grows in the forest
nut       | food      | c | mild   | brown  | grows on a tree
egg       | food      | c | mild   | white  | comes from a hen
cake      | sweet food | c | sweet | brown  | is baked in an oven
pie       | sweet food | c | sweet | brown  | is baked in an oven
cookie    | sweet food | c | sweet | brown  | is baked in an oven
pancake   | sweet food | c | sweet | yellow | is made in a pan
sandwich  | food      | c | fresh  | brown  | is made from bread
bread     | food      | m | mild   | brown  | is baked in an oven
cheese    | food      | m | strong | yellow | is made from milk
butter    | food      | m | mild   | yellow | is made from milk
milk      | drink     | m | mild   | white  | comes from a cow
honey     | sweet food | m | sweet | golden | comes from bees
jam       | sweet food | m | sweet | red    | is made from fruit
soup      | food      | m | warm   | orange | is cooked in a pot
rice      | food      | m | mild   | white  | grows in wet fields
corn      | vegetable | m | sweet  | yellow | grows in a field
salt      | food      | m | salty  | white  | comes from the sea
sugar     | sweet food | m | sweet | white  | is made from plants
tea       | drink     | m | fresh  | brown  | is made from leaves
juice     | drink     | m | sweet  | orange | is made from fruit
chocolate | sweet food | m | sweet | brown  | is made from beans
`;

/** Foods and drinks of the sample world. */
export const FOODS: readonly Food[] = rows(TABLE, 6).map(([noun, kind, count, taste, colour, origin]) => ({
  noun: noun!, kind: kind!, countable: count === "c", taste: taste!, colour: colour!, origin: origin!,
}));

/** One plant: what it is, where it grows, its colour, who or what it is good for. */
export interface Plant { noun: string; kind: string; grows: string; colour: string; good: string }

/** Plants of the sample world. */
export const PLANTS: readonly Plant[] = rows(
  `oak       | tree   | in the forest   | green  | gives nuts to squirrels
  pine      | tree   | on the mountain | green  | stays green in winter
  willow    | tree   | by the river    | green  | gives shade to ducks
  rose      | flower | in the garden   | red    | smells sweet
  daisy     | flower | in the meadow   | white  | opens in the morning
  tulip     | flower | in the garden   | yellow | blooms in spring
  sunflower | flower | in the field    | yellow | turns to the sun
  lily      | flower | by the pond     | white  | floats near frogs
  grass     | plant  | in the meadow   | green  | feeds cows and sheep
  clover    | plant  | in the meadow   | green  | feeds bees and rabbits
  wheat     | plant  | in the field    | golden | gives us flour
  cactus    | plant  | in the desert   | green  | keeps water inside
  moss      | plant  | on wet stones   | green  | feels soft
  fern      | plant  | in the forest   | green  | likes the shade
  bush      | plant  | in the garden   | green  | gives birds a home`,
  5,
).map(([noun, kind, grows, colour, good]) => ({ noun: noun!, kind: kind!, grows: grows!, colour: colour!, good: good! }));

/** Nouns that are used without an article. */
export const UNCOUNTABLE: ReadonlySet<string> = new Set([...FOODS.filter((food) => !food.countable).map((food) => food.noun), ...words("grass clover wheat moss")]);
