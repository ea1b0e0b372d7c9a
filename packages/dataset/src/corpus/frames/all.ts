import { FOOD_FRAMES } from "./food.js";
import type { Frame } from "./frame.js";
import { GENERAL_FRAMES } from "./general.js";
import { LOST_FRAMES } from "./lost.js";
import { MAKING_FRAMES } from "./making.js";
import { SHARING_FRAMES } from "./sharing.js";
import { SPECIAL_FRAMES } from "./special.js";

/** Every plot of the sample world. */
export const FRAMES: readonly Frame[] = [...LOST_FRAMES, ...SHARING_FRAMES, ...MAKING_FRAMES, ...SPECIAL_FRAMES, ...FOOD_FRAMES, ...GENERAL_FRAMES];
