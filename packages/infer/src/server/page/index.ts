import { HTML } from "./html.js";
import { SCRIPT } from "./script.js";
import { STYLE } from "./style.js";

/** Only what this server itself sends may run or load, and the page may talk to nothing else. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M4 6a3 3 0 0 1 3-3h18a3 3 0 0 1 3 3v13a3 3 0 0 1-3 3H14l-7 7v-7a3 3 0 0 1-3-3z" fill="#2f6f5e"/><path d="M10 10h12M10 15h8" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/></svg>`;

export interface PageFile {
  body: string;
  type: string;
  headers: Record<string, string>;
}

const file = (body: string, type: string): PageFile => ({ body, type: `${type}; charset=utf-8`, headers: { "content-security-policy": POLICY } });

/** The chat page's files by path. They are strings in the program, so that a bundle needs nothing beside it. */
export const PAGE_FILES: ReadonlyMap<string, PageFile> = new Map([
  ["/", file(HTML, "text/html")],
  ["/page.css", file(STYLE, "text/css")],
  ["/page.js", file(SCRIPT, "text/javascript")],
  ["/icon.svg", file(ICON, "image/svg+xml")],
]);
