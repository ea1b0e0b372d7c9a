import type { Gender } from "../grammar.js";
import { rows } from "./table.js";

/** A kind of person by what they do. The pronoun is fixed so that every text agrees with every other. */
export interface Occupation {
  noun: string;
  gender: Gender;
  /** Base verb phrase: "bake bread and cakes". */
  does: string;
  at: string;
  uses: string;
}

const OCCUPATIONS_TABLE = `
baker       | m | bake bread and cakes | in a bakery | an oven
farmer      | m | grow corn and wheat | on a farm | a tractor
teacher     | f | teach children | in a school | a book
doctor      | f | help sick people | in a hospital | medicine
nurse       | m | care for sick people | in a hospital | a bandage
cook        | m | cook soup and meat | in a kitchen | a pot
painter     | f | paint pictures | in a studio | a brush
sailor      | m | sail a ship | on the sea | a rope
fisherman   | m | catch fish | on a boat | a net
pilot       | f | fly a plane | at an airport | a plane
driver      | m | drive a bus | on the road | a bus
builder     | f | build houses | in the town | a hammer
gardener    | f | plant flowers | in a garden | a shovel
tailor      | m | sew clothes | in a shop | a needle
miller      | m | make flour | in a mill | a millstone
shepherd    | m | look after sheep | in the meadow | a stick
librarian   | f | lend books | in a library | a card
singer      | f | sing songs | in a theater | a microphone
dancer      | f | dance for people | in a theater | soft shoes
writer      | m | write stories | at a desk | a pen
guard       | m | guard the gate | in a castle | a whistle
dentist     | f | look after teeth | in a clinic | a small mirror
vet         | f | help sick animals | in a clinic | medicine
carpenter   | m | make tables and chairs | in a workshop | a saw
blacksmith  | m | make iron tools | in a workshop | a hammer
potter      | f | make pots and cups | in a workshop | clay
weaver      | f | weave cloth | in a workshop | a loom
shopkeeper  | f | sell food and toys | in a shop | a scale
postman     | m | bring letters | in the village | a bag
scientist   | f | study nature | in a school | a notebook
astronaut   | f | fly to the moon | in a rocket | a rocket
clown       | m | make people laugh | in a circus | a red nose
firefighter | f | put out fires | at a fire station | a hose
waiter      | m | bring food to people | in a restaurant | a tray
hunter      | m | follow animal tracks | in the forest | a map
miner       | m | dig for coal | in a mine | a lamp
king        | m | rule the land | in a castle | a crown
queen       | f | rule the land | in a castle | a crown
knight      | m | protect the castle | in a castle | a shield
wizard      | m | do magic | in a tower | a wand
`;

/** People with an occupation. */
export const OCCUPATIONS: readonly Occupation[] = rows(OCCUPATIONS_TABLE, 5).map(([noun, gender, does, at, uses]) => ({
  noun: noun!, gender: gender as Gender, does: does!, at: at!, uses: uses!,
}));

/** People who are known by who they are, as characters of stories. */
export const PEOPLE: readonly { noun: string; gender: Gender }[] = rows(
  `girl | f
  boy | m
  man | m
  woman | f
  prince | m
  princess | f
  grandmother | f
  grandfather | m
  mother | f
  father | m
  aunt | f
  uncle | m`,
  2,
).map(([noun, gender]) => ({ noun: noun!, gender: gender as Gender }));

/** First names with their gender. */
export const NAMES: readonly { name: string; gender: "m" | "f" }[] = [
  ..."Anna Lily Mary Rosa Nora Emma Sara Lucy Ella Grace Clara Ruby Alice Julia Maria Eva Amy Kate Jane Zoe Helen Nina Molly Daisy Luna Sofia Hannah Maya Olivia Sally"
    .split(" ").map((name) => ({ name, gender: "f" as const })),
  ..."Tom Ben Mark Max Leo Jack Tim Adam Luke Noah Oscar Paul Peter Henry David Daniel Jacob Finn Anton Hugo Simon Oliver Eric Felix George Martin Bob"
    .split(" ").map((name) => ({ name, gender: "m" as const })),
];

/**
 * Names that people may give when they say who they are: those of the stories, and the commonest others. Not more, since a
 * small model carries a name into its reply only after it has seen that name some fifty times.
 */
export const GREETED: readonly string[] = [
  ...NAMES.map(({ name }) => name),
  ..."Sarah Laura Linda Lisa Emily Jessica Susan Sophie Mia Chloe Elena Rachel Karen Nancy Claire Martha Diana Carla".split(" "),
  ..."John James Robert Michael William Thomas Chris Alex Sam Andrew Kevin Brian Joe Frank Bill Steve Ryan Jason Mike Charlie Fred".split(" "),
];
