import { rows } from "./table.js";

/** One everyday task: what it is ("make tea"), its steps, and a word every explanation names. */
export interface Task { task: string; steps: string[]; about: string }

/** Tasks that can be explained in four steps. */
export const TASKS: readonly Task[] = rows(
  `make tea | boil some water; put the tea into a cup; pour the hot water over the tea; wait a few minutes before you drink the tea | tea
  bake a cake | mix the flour, the sugar, and the eggs; pour the mix into a pan; put the pan into the oven; take the cake out when it is brown | cake
  make a sandwich | cut two pieces of bread; put butter on the bread; add some cheese and tomato; close the sandwich and eat it | sandwich
  plant a seed | fill a pot with earth; make a small hole in the earth; put the seed into the hole and cover it; water the seed every day | seed
  wash your hands | turn on the water; put soap on your hands; rub your hands for a while; dry your hands with a towel | hands
  clean a room | pick up everything from the floor; put the things on the shelf; sweep the floor with a broom; open the window and let fresh air into the room | room
  make a kite | take two light sticks and some paper; tie the sticks in a cross; glue the paper to the sticks; tie a long string to the kite | kite
  paint a picture | take some paper and a brush; choose the colors; paint slowly and carefully; let the picture dry | picture
  write a letter | take some paper and a pen; write the name of your friend; tell your news; put the letter into the mail | letter
  cook soup | wash the vegetables and cut them; put them into a pot with water; cook the soup for half an hour; add a little salt | soup
  boil an egg | fill a pot with water; put the egg into the water; boil the egg for six minutes; let the egg cool down | egg
  feed a cat | take a clean bowl; put some food into the bowl; set the bowl on the floor; give the cat some water too | cat
  wash a dog | fill a tub with warm water; make the dog wet; rub soap into the fur; dry the dog with a towel | dog
  brush your teeth | put toothpaste on the brush; brush all your teeth; brush for two minutes; rinse your mouth with water | teeth
  make a bed | shake the pillow; pull the sheet flat; lay the blanket over the bed; put the pillow on top | bed
  set the table | put a plate in front of each chair; lay a fork and a knife beside each plate; put a cup near each plate; add a vase with flowers in the middle of the table | table
  wrap a gift | put the gift on some paper; fold the paper around the gift; close the paper with tape; tie a ribbon around it | gift
  build a snowman | roll a big ball of snow; roll two smaller balls; put the balls on top of each other; add a carrot for the nose | snow
  water the flowers | fill a can with water; pour the water slowly on the earth; do not wet the leaves; come back and water the flowers again the next day | flowers
  ride a bicycle | put on a helmet; sit on the bicycle and hold on; push with your feet; look ahead and keep going | bicycle
  catch a fish | put a worm on the hook; throw the line into the water; wait quietly; pull when the fish bites | fish
  fly a kite | go to an open field; hold the kite up in the wind; run and let the kite go; hold the string tightly | kite
  find a lost key | think about where you saw the key last; look on the floor and under the bed; check all your pockets; ask someone to help you look for the key | key
  sing a new song | listen to the song many times; read the words; sing one line after another; sing the whole song every day | song
  draw a cat | draw a circle for the head; add two ears and a nose; draw a big body with four legs; add a long tail to the cat | cat
  make a fire | gather some dry sticks; put stones in a circle; put the sticks in the middle; light the fire and stay close to it | fire
  fix a chair | turn the chair around; find the broken part; put some glue on it; let the chair dry for a day | chair
  pack a bag | make a list of the things you need; fold your clothes; put heavy things into the bag first; close the bag well | bag
  fall asleep | turn off the light; lie down in your bed; close your eyes and breathe slowly; think of something nice until you fall asleep | asleep
  make a friend | say hello with a smile; tell the person your name; ask a friendly question; listen well and be a good friend | friend
  read a map | find the place where you are; find the place where you want to go; look for the roads between them; follow the map step by step | map
  make pancakes | mix flour, milk, and eggs; heat a pan with some butter; pour a little of the mix into the pan; turn the pancakes when they are brown | pancakes
  grow carrots | dig the earth in your garden; put the seeds into long lines; water the carrots every day; pull the carrots out in summer | carrots
  sew on a button | put some thread through the needle; hold the button on the shirt; sew through the holes a few times; cut the thread under the button | button
  keep warm in winter | put on a warm coat; wear a hat and a scarf; drink some hot tea; move around to stay warm | warm
  make lemonade | cut three lemons; press out the juice; add water and sugar; stir the lemonade and serve it cold | lemonade
  sweep the floor | take a broom; start in one corner; sweep the dirt to the middle of the floor; put the dirt into a bin | floor
  make a salad | wash the vegetables; cut the tomatoes and the carrots; put everything into a bowl; add a little salt to the salad | salad`,
  3,
).map(([task, steps, about]) => ({ task: task!, steps: steps!.split("; "), about: about! }));
