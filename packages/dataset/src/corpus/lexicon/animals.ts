import { rows } from "./table.js";

export type Realm = "land" | "air" | "water";

/** One animal and everything the corpus will ever say about it as a fact. */
export interface Animal {
  noun: string;
  kind: string;
  realm: Realm;
  /** 1 (an ant) to 9 (a whale); only gaps of two or more are compared. */
  size: number;
  legs: number;
  cover: string;
  eats: string[];
  home: string;
  /** Third person verb, or "" for an animal that is silent. */
  sound: string;
  young: string;
  can: string[];
  colour: string;
}

const TABLE = `
dog       | mammal  | land  | 4 | 4 | fur | meat, bones | in a house | barks | puppy | run, dig, swim | brown
cat       | mammal  | land  | 3 | 4 | fur | mice, fish | in a house | meows | kitten | climb, jump, run | gray
horse     | mammal  | land  | 7 | 4 | hair | grass, hay | on a farm | neighs | foal | run, jump, pull a cart | brown
cow       | mammal  | land  | 7 | 4 | hair | grass, hay | on a farm | moos | calf | walk, give milk | white
pig       | mammal  | land  | 5 | 4 | hair | corn, roots | on a farm | grunts | piglet | dig, run, roll in mud | pink
sheep     | mammal  | land  | 5 | 4 | wool | grass, hay | on a farm | bleats | lamb | walk, run, give wool | white
goat      | mammal  | land  | 5 | 4 | hair | grass, leaves | on a farm | bleats | kid | climb, jump, give milk | white
donkey    | mammal  | land  | 6 | 4 | hair | grass, hay | on a farm | brays | foal | walk, carry bags | gray
hen       | bird    | air   | 3 | 2 | feathers | seeds, worms | on a farm | clucks | chick | lay eggs, run | brown
rooster   | bird    | air   | 3 | 2 | feathers | seeds, corn | on a farm | crows | chick | run, wake the farm | red
duck      | bird    | air   | 3 | 2 | feathers | plants, snails | by the pond | quacks | duckling | swim, fly, dive | yellow
goose     | bird    | air   | 4 | 2 | feathers | grass, seeds | by the pond | honks | gosling | swim, fly, run | white
rabbit    | mammal  | land  | 3 | 4 | fur | grass, carrots | in the meadow |  | bunny | hop, run, dig | white
mouse     | mammal  | land  | 2 | 4 | fur | seeds, cheese | in a hole | squeaks | pup | run, climb, hide | gray
rat       | mammal  | land  | 2 | 4 | fur | seeds, corn | in a hole | squeaks | pup | run, swim, climb | gray
fox       | mammal  | land  | 4 | 4 | fur | mice, berries | in the forest | barks | cub | run, jump, dig | orange
wolf      | mammal  | land  | 5 | 4 | fur | meat, rabbits | in the forest | howls | pup | run, hunt, swim | gray
bear      | mammal  | land  | 7 | 4 | fur | honey, fish | in a cave | growls | cub | climb, swim, fish | brown
deer      | mammal  | land  | 6 | 4 | fur | grass, leaves | in the forest |  | fawn | run, jump, swim | brown
squirrel  | mammal  | land  | 2 | 4 | fur | nuts, seeds | in a tree | chatters | pup | climb, jump, run | red
hedgehog  | mammal  | land  | 2 | 4 | spines | beetles, worms | in the garden | snorts | baby hedgehog | dig, climb, roll into a ball | brown
beaver    | mammal  | land  | 4 | 4 | fur | bark, leaves | by the river |  | kit | swim, build, cut wood | brown
otter     | mammal  | land  | 4 | 4 | fur | fish, crabs | by the river | squeaks | pup | swim, dive, play | brown
badger    | mammal  | land  | 4 | 4 | fur | worms, roots | in a hole | growls | cub | dig, run, climb | gray
raccoon   | mammal  | land  | 4 | 4 | fur | nuts, eggs | in a tree | chatters | kit | climb, swim, run | gray
mole      | mammal  | land  | 2 | 4 | fur | worms, beetles | in a hole |  | pup | dig, swim | black
bat       | mammal  | air   | 2 | 2 | fur | moths, flies | in a cave | squeaks | pup | fly, hang upside down | black
lion      | mammal  | land  | 7 | 4 | fur | meat, zebras | in the grassland | roars | cub | run, hunt, jump | yellow
tiger     | mammal  | land  | 7 | 4 | fur | meat, deer | in the jungle | roars | cub | run, swim, hunt | orange
elephant  | mammal  | land  | 8 | 4 | thick skin | grass, leaves | in the grassland | trumpets | calf | walk, swim, carry logs | gray
giraffe   | mammal  | land  | 8 | 4 | hair | leaves, twigs | in the grassland | hums | calf | run, walk, reach high leaves | yellow
zebra     | mammal  | land  | 7 | 4 | hair | grass, leaves | in the grassland | barks | foal | run, jump, kick | black and white
monkey    | mammal  | land  | 4 | 4 | fur | bananas, nuts | in the jungle | chatters | baby monkey | climb, jump, swing | brown
camel     | mammal  | land  | 7 | 4 | hair | grass, twigs | in the desert | grunts | calf | walk, run, carry bags | yellow
kangaroo  | mammal  | land  | 6 | 4 | fur | grass, leaves | in the grassland |  | joey | jump, hop, kick | brown
panda     | mammal  | land  | 6 | 4 | fur | bamboo, roots | in the forest | bleats | cub | climb, swim, roll | black and white
owl       | bird    | air   | 3 | 2 | feathers | mice, moths | in a tree | hoots | chick | fly, hunt, see in the dark | brown
crow      | bird    | air   | 3 | 2 | feathers | seeds, worms | in a tree | caws | chick | fly, hop, walk | black
robin     | bird    | air   | 2 | 2 | feathers | worms, berries | in the garden | sings | chick | fly, sing, hop | red
sparrow   | bird    | air   | 2 | 2 | feathers | seeds, flies | in the garden | chirps | chick | fly, hop, sing | brown
pigeon    | bird    | air   | 3 | 2 | feathers | seeds, bread | in the town | coos | chick | fly, walk, find its way home | gray
swan      | bird    | air   | 4 | 2 | feathers | plants, grass | by the lake | honks | chick | swim, fly, walk | white
eagle     | bird    | air   | 4 | 2 | feathers | fish, rabbits | on the mountain | screams | chick | fly, hunt, see far | brown
parrot    | bird    | air   | 3 | 2 | feathers | nuts, fruit | in the jungle | screams | chick | fly, talk, climb | green
penguin   | bird    | water | 4 | 2 | feathers | fish, crabs | on the ice | honks | chick | swim, dive, walk | black and white
frog      | amphibian | land | 2 | 4 | smooth skin | flies, worms | by the pond | croaks | tadpole | jump, swim, hop | green
toad      | amphibian | land | 2 | 4 | rough skin | flies, beetles | in the garden | croaks | tadpole | hop, dig, swim | brown
turtle    | reptile | land  | 3 | 4 | a shell | plants, snails | by the lake |  | baby turtle | swim, walk, hide in its shell | green
snake     | reptile | land  | 3 | 0 | scales | mice, frogs | in the grass | hisses | baby snake | climb, swim, hide | green
lizard    | reptile | land  | 2 | 4 | scales | flies, beetles | in the desert |  | baby lizard | climb, run, hide | green
crocodile | reptile | water | 7 | 4 | scales | fish, meat | in the river | growls | baby crocodile | swim, dive, walk | green
fish      | fish    | water | 2 | 0 | scales | worms, plants | in the river |  | baby fish | swim, dive, jump | silver
shark     | fish    | water | 7 | 0 | rough skin | fish, seals | in the sea |  | pup | swim, hunt, dive | gray
whale     | mammal  | water | 9 | 0 | smooth skin | fish, shrimp | in the sea | sings | calf | swim, dive, sing | blue
dolphin   | mammal  | water | 6 | 0 | smooth skin | fish, crabs | in the sea | whistles | calf | swim, jump, dive | gray
seal      | mammal  | water | 6 | 0 | fur | fish, crabs | on the ice | barks | pup | swim, dive, play | gray
crab      | sea animal | water | 2 | 10 | a shell | plants, snails | on the beach |  | baby crab | walk, dig, swim | red
octopus   | sea animal | water | 4 | 0 | soft skin | crabs, shrimp | in the sea |  | baby octopus | swim, hide, change color | red
bee       | insect  | air   | 1 | 6 | hair | honey, nectar | in a hive | buzzes | larva | fly, make honey, dance | yellow
ant       | insect  | land  | 1 | 6 | a hard shell | seeds, leaves | in a nest |  | larva | climb, dig, carry leaves | black
butterfly | insect  | air   | 1 | 6 | scales | nectar, fruit | in the meadow |  | caterpillar | fly, rest on flowers | blue
beetle    | insect  | land  | 1 | 6 | a hard shell | leaves, roots | in the forest | clicks | larva | walk, fly, dig | black
spider    | small animal | land | 1 | 8 | hair | flies, moths | in a web |  | baby spider | climb, hunt, make a web | black
snail     | small animal | land | 1 | 0 | a shell | leaves, grass | in the garden |  | baby snail | climb, hide in its shell | brown
worm      | small animal | land | 1 | 0 | soft skin | leaves, roots | in the ground |  | baby worm | dig, hide | pink
`;

/** All animals of the sample world. */
export const ANIMALS: readonly Animal[] = rows(TABLE, 12).map(([noun, kind, realm, size, legs, cover, eats, home, sound, young, can, colour]) => ({
  noun: noun!, kind: kind!, realm: realm as Realm, size: Number(size), legs: Number(legs), cover: cover!, eats: eats!.split(", "), home: home!,
  sound: sound!, young: young!, can: can!.split(", "), colour: colour!,
}));
