import { rows, words } from "./table.js";

/** One thing: what it is made of, what it is for, where it is kept. Tags say which stories it can be in. */
export interface Thing {
  noun: string;
  madeOf: string;
  /** Base verb phrase: "light a room". */
  use: string;
  kept: string;
  colour: string;
  tags: ReadonlySet<string>;
}

/*
 * Tags: carry (one can pick it up), big (one can't), break (can break and be fixed), clean (gets dirty), light (shines), water (holds water),
 * music, wear, fly, float, airy (the wind can take it), huge, warm (soft and warm), read, toy, tool, bag (holds things), shelter, shiny, roll, none (in no story, as "saw" is a verb too), gift (a nice present).
 */
const TABLE = `
lantern   | metal | light the way at night | on a hook | yellow | carry break clean light gift
lamp      | metal | light a room | on a table | yellow | carry break clean light gift
candle    | wax | light a room | on a shelf | white | carry light gift
kite      | paper | play in the wind | in a box | red | carry break fly toy gift airy
balloon   | rubber | decorate a party | at a party | red | carry fly toy gift airy
boat      | wood | cross the water | at the harbor | blue | big break float clean
raft      | wood | float on the river | by the river | brown | big break float
drum      | wood | make music | in a music room | red | carry break music clean gift
flute     | wood | make music | in a music room | silver | carry break music clean gift
guitar    | wood | make music | in a music room | brown | carry break music clean gift
bell      | metal | call people | on a door | golden | carry clean music shiny gift
violin    | wood | make music | in a case | brown | carry break music clean gift
piano     | wood | make music | in a big room | black | big break music clean
trumpet   | metal | make music | in a case | golden | carry music clean shiny gift
whistle   | metal | call a dog | in a pocket | silver | carry music clean shiny gift
basket    | straw | carry food | in the kitchen | brown | carry break bag gift
bag       | cloth | carry things | on a hook | green | carry bag clean gift airy
box       | wood | keep things safe | on a shelf | brown | carry break bag gift
sack      | cloth | carry corn | in the barn | brown | carry bag airy
chest     | wood | keep treasure | in the attic | brown | big break bag clean
backpack  | cloth | carry books | by the door | blue | carry bag clean gift
bucket    | metal | carry water | in the barn | gray | carry water clean tool
cup       | clay | drink tea | in the kitchen | white | carry break water clean gift
bowl      | clay | eat soup | in the kitchen | white | carry break water clean gift
jar       | glass | keep jam | in the kitchen | clear | carry break water clean
bottle    | glass | keep water | in the kitchen | green | carry break water clean
pot       | metal | cook soup | in the kitchen | black | carry water clean tool
kettle    | metal | boil water | in the kitchen | silver | carry water clean
pan       | metal | fry eggs | in the kitchen | black | carry clean tool
vase      | glass | hold flowers | on a table | blue | carry break water clean gift
plate     | clay | serve food | in the kitchen | white | carry break clean gift
spoon     | metal | eat soup | in a drawer | silver | carry clean shiny
fork      | metal | eat food | in a drawer | silver | carry clean shiny
knife     | metal | cut bread | in a drawer | silver | carry clean
blanket   | wool | keep warm | on a bed | blue | carry clean warm gift
pillow    | cloth | rest your head | on a bed | white | carry clean warm gift
quilt     | cloth | keep warm | on a bed | red | carry clean warm gift
towel     | cloth | dry your hands | in the bathroom | white | carry clean airy
coat      | wool | keep warm | in the closet | brown | carry clean wear warm gift
hat       | wool | keep your head warm | on a hook | black | carry clean wear gift airy
cap       | cloth | keep the sun away | on a hook | blue | carry clean wear gift airy
scarf     | wool | keep your neck warm | in the closet | red | carry clean wear warm gift airy
dress     | cloth | look pretty | in the closet | pink | carry clean wear gift airy
shirt     | cloth | cover your body | in the closet | white | carry clean wear gift airy
jacket    | leather | keep warm | in the closet | black | carry clean wear warm gift
ring      | gold | look pretty | in a small box | golden | carry wear shiny gift
crown     | gold | show who is king | in a castle | golden | carry wear shiny
necklace  | silver | look pretty | in a small box | silver | carry break wear shiny gift
belt      | leather | hold up pants | in the closet | brown | carry wear gift
watch     | metal | tell the time | on the wrist | silver | carry break wear shiny gift
clock     | wood | tell the time | on the wall | brown | carry break clean gift
mirror    | glass | see your face | on the wall | silver | carry break clean shiny gift
picture   | paper | decorate a room | on the wall | green | carry clean gift airy
book      | paper | read stories | on a shelf | blue | carry read gift
letter    | paper | send news | in a drawer | white | carry read airy
map       | paper | find the way | in a drawer | brown | carry read gift airy
newspaper | paper | read the news | on a table | gray | carry read airy
notebook  | paper | write notes | on a desk | yellow | carry read gift airy
card      | paper | send good wishes | in a drawer | pink | carry read gift airy
pen       | plastic | write letters | on a desk | blue | carry gift
pencil    | wood | draw pictures | on a desk | yellow | carry gift
brush     | wood | paint pictures | in a jar | brown | carry clean tool gift
key       | metal | open a door | in a pocket | golden | carry shiny clean
lock      | metal | close a gate | on a gate | gray | carry clean
coin      | metal | buy things | in a pocket | golden | carry shiny clean
rope      | string | tie things | in the barn | brown | carry tool
net       | string | catch fish | on a boat | white | carry break tool
ladder    | wood | climb up high | in the barn | brown | big break tool
hammer    | metal | hit nails | in the workshop | gray | carry tool
saw       | metal | cut wood | in the workshop | silver | none
shovel    | metal | dig holes | in the shed | gray | carry tool clean
rake      | metal | gather leaves | in the shed | green | carry tool clean
broom     | straw | sweep the floor | in the kitchen | yellow | carry tool
mop       | cloth | wash the floor | in the kitchen | gray | carry tool
needle    | metal | sew clothes | in a small box | silver | carry tool shiny
umbrella  | cloth | stay dry in the rain | by the door | black | carry break shelter gift airy
tent      | cloth | sleep outside | in the attic | green | big break shelter clean
wagon     | wood | carry hay | in the barn | red | big break roll clean
cart      | wood | carry boxes | in the barn | brown | big break roll clean
bicycle   | metal | ride to school | in the shed | red | big break roll clean gift
sled      | wood | slide down the hill | in the shed | red | big break toy gift
wheel     | wood | move a cart | in the workshop | brown | carry roll clean
car       | metal | drive to town | on the street | red | huge big break roll clean
train     | metal | travel far | at the station | black | huge big roll clean
ship      | wood | cross the sea | at the harbor | white | huge big float clean
ball      | rubber | play games | in the yard | red | carry toy roll clean gift
doll      | cloth | play games | in a bedroom | pink | carry break toy clean gift
puppet    | wood | put on a show | in a box | green | carry break toy clean gift
puzzle    | paper | play a quiet game | on a shelf | blue | carry toy gift
robot     | metal | help people | in the workshop | silver | carry break toy clean gift
marble    | glass | play games | in a bag | blue | carry toy roll shiny gift
swing     | wood | have fun | in the park | red | big break toy
slide     | metal | have fun | in the park | blue | big toy clean
table     | wood | hold plates | in the kitchen | brown | big break clean
chair     | wood | sit down | in the kitchen | brown | big break clean
bench     | wood | sit outside | in the park | green | big break clean
bed       | wood | sleep at night | in the bedroom | white | big break clean
desk      | wood | do homework | in a school | brown | big break clean
shelf     | wood | hold books | on the wall | brown | big break clean
door      | wood | close a room | in a house | green | big break clean
window    | glass | let light in | in a house | clear | big break clean
fence     | wood | keep animals in | on a farm | white | big break
carpet    | wool | cover the floor | in a house | red | big clean warm
curtain   | cloth | cover a window | in a house | yellow | carry clean
oven      | metal | bake bread | in the kitchen | black | big break clean
camera    | plastic | take pictures | in a bag | black | carry break gift clean
telescope | metal | look at the stars | in a tower | silver | carry break gift clean
compass   | metal | find the way | in a pocket | golden | carry break shiny gift
flag      | cloth | show a country | on a pole | red | carry break gift airy
radio     | plastic | hear music | in the kitchen | black | carry break music clean gift
phone     | plastic | talk to friends | in a pocket | black | carry break gift
computer  | metal | write and learn | on a desk | gray | big break clean
medal     | metal | honor a winner | in a small box | golden | carry shiny gift
toy       | wood | play games | in a bedroom | red | carry break toy clean gift
stone     | rock | build a wall | on the ground | gray | carry clean
feather   | fluff | fill a pillow | on a bird | white | carry airy gift
stick     | wood | make a fire | in the forest | brown | carry
nest      | twigs | hold eggs | in a tree | brown | carry
button    | plastic | close a shirt | on a shirt | blue | carry shiny
comb      | plastic | comb your hair | in the bathroom | brown | carry clean
crayon    | wax | draw pictures | in a box | red | carry
`;

/** Things of the sample world. */
export const THINGS: readonly Thing[] = rows(TABLE, 6)
  .map(([noun, madeOf, use, kept, colour, tags]) => ({ noun: noun!, madeOf: madeOf!, use: use!, kept: kept!, colour: colour!, tags: new Set(words(tags!)) }));
