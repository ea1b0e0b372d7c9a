import { project } from "../../tools/vitest.mjs";

export default project();
