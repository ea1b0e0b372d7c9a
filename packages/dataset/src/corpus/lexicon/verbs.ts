import { gerund, regularPast, thirdPerson } from "../grammar.js";
import { rows } from "./table.js";

/** A verb with every form, and a phrase a person can do with it: "bake | a cake". */
export interface Verb { base: string; third: string; past: string; participle: string; gerund: string; phrase: string }

const TABLE = `
bake | | | a cake
blow | blew | blown | up a balloon
borrow | | | a book
boil | | | water for tea
bring | brought | brought | bread to the neighbors
brush | | | the horse
build | built | built | a small house
buy | bought | bought | fruit at the market
call | | | a friend
carry | | | a basket of apples
catch | caught | caught | a ball
chase | | | the hens
choose | chose | chosen | a gift
chop | | | wood for the fire
clap | | | in time with the music
clean | | | the kitchen
climb | | | a tree
close | | | the gate
collect | | | small stones
comb | | | the dog
cook | | | soup for dinner
count | | | the stars
cover | | | the pot
cross | | | the bridge
cut | cut | cut | paper stars
dance | | | in the yard
decorate | | | the room
dig | dug | dug | a hole
draw | drew | drawn | a picture of the sea
drink | drank | drunk | a cup of tea
drive | drove | driven | to the lake
drop | | | a coin into the well
dry | | | the plates
eat | ate | eaten | a sandwich
enjoy | | | the sunshine
feed | fed | fed | the ducks
fill | | | a bucket with water
find | found | found | a quiet place
finish | | | the puzzle
fix | | | an old chair
fly | flew | flown | a kite
fold | | | the blankets
follow | | | the path
gather | | | nuts in the forest
give | gave | given | seeds to the birds
grow | grew | grown | carrots
guess | | | the answer
hang | hung | hung | a picture on the wall
hear | heard | heard | a song
help | | | a neighbor
hide | hid | hidden | behind a tree
hold | held | held | a baby rabbit
hug | | | a friend
hum | | | a little tune
hunt | | | for mushrooms
invite | | | a friend to dinner
join | | | a game
jump | | | over the stream
keep | kept | kept | a diary
kick | | | a ball
knit | | | a scarf
knock | | | on the door
learn | | | a new song
lift | | | a heavy box
light | lit | lit | a candle
listen | | | to the birds
lock | | | the door
look | | | at the moon
make | made | made | a paper boat
meet | met | met | a friend at the park
mix | | | the flour and the eggs
mend | | | a shirt
move | | | the chairs
open | | | the windows
pack | | | a bag
paint | | | the fence
peel | | | potatoes
pick | | | berries
plan | | | a party
plant | | | a tree
play | | | in the garden
polish | | | the spoons
pour | | | the milk
practice | | | the flute
press | | | a flower
promise | | | to help
pull | | | a wagon
push | | | a swing
read | read | read | a book
remember | | | an old song
repair | | | a clock
rest | | | under a tree
ride | rode | ridden | a bicycle
ring | rang | rung | the bell
roll | | | a snowball
row | | | a boat
run | ran | run | in the park
sail | | | across the lake
sell | sold | sold | eggs at the market
send | sent | sent | a letter
serve | | | dinner
set | set | set | the table
sew | sewed | sewn | a dress
shake | shook | shaken | the carpet
share | | | a pie
shut | shut | shut | the window
sing | sang | sung | a song
sit | sat | sat | by the fire
skip | | | along the path
sleep | slept | slept | in a tent
slide | slid | slid | down the hill
smell | | | the roses
solve | | | a puzzle
sort | | | the buttons
spend | spent | spent | a day at the beach
stir | stirred | stirred | the soup
stack | | | the plates
study | | | a map
surprise | | | a friend
sweep | swept | swept | the floor
swim | swam | swum | in the lake
take | took | taken | a walk
talk | | | with a friend
taste | | | the jam
teach | taught | taught | a child to read
tell | told | told | a story
throw | threw | thrown | a ball
tidy | | | the bedroom
tie | | | a rope
touch | | | the soft sheep
trade | | | an apple for a pear
travel | | | to the sea
turn | | | the wheel
visit | | | an aunt
wait | | | for a friend
walk | | | to school
warm | | | the milk
wash | | | the cups
watch | | | the clouds
water | | | the flowers
wave | | | to a friend
wear | wore | worn | a red scarf
weave | wove | woven | a basket
weigh | | | the apples
whisper | | | a secret
whistle | | | a tune
wipe | | | the table
work | | | in the field
wrap | | | a gift
write | wrote | written | a letter
admire | | | the flowers
answer | | | a question
arrange | | | the chairs
ask | | | a question
carve | | | a wooden spoon
cheer | | | for a friend
copy | | | a picture
dream | | | of the sea
explain | | | a game
explore | | | a cave
greet | | | the neighbors
hurry | | | to school
laugh | | | at a joke
march | | | along the road
measure | | | the table
melt | | | the butter
mow | | | the grass
race | | | to the gate
rake | | | the leaves
search | | | for a key
smile | | | at a baby
squeeze | | | a lemon
toast | | | some bread
use | | | a map
win | won | won | a race
`;

const DOUBLED_PAST: Record<string, string> = { knit: "knitted" };

/** Verbs of what people do, with a phrase each that makes sense. */
export const VERBS: readonly Verb[] = rows(TABLE, 4).map(([base, past, participle, phrase]) => {
  const regular = DOUBLED_PAST[base!] ?? regularPast(base!);
  return {
    base: base!, third: thirdPerson(base!), past: past! || regular, participle: participle! || regular,
    gerund: base === "knit" ? "knitting" : base === "stir" ? "stirring" : gerund(base!), phrase: phrase!,
  };
});
