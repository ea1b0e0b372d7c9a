import type { TextFilter } from "./trial.js";

/** Phrases of menus, footers and prompts, which as a short line of their own are no text. */
const PHRASES = [
  "all rights reserved", "skip to (?:main )?content", "skip to navigation", "sign (?:in|up)", "log ?(?:in|out)", "my account", "(?:add|go|back) to (?:cart|top|wishlist)", "shopping cart",
  "share (?:this|on)", "tweet this", "follow us", "like us on", "subscribe", "newsletter", "read more", "click here", "learn more", "view all", "show more", "load more", "leave a (?:comment|reply)", "post a comment",
  "related (?:posts|articles)", "previous (?:post|article|page)", "next (?:post|article|page)", "posted (?:by|on|in)", "filed under", "tagged with", "print this", "email this", "cookie", "privacy policy", "terms (?:of|and) (?:use|service|conditions)",
  "contact us", "about us", "site ?map", "powered by", "copyright", "©", "advertisement", "sponsored", "loading", "page not found", "enable javascript", "toggle navigation", "search for:",
];
const PHRASE = new RegExp(`(?:^|[^\\p{L}])(?:${PHRASES.join("|")})(?:$|[^\\p{L}])`, "iu");
/** Longer lines are taken for prose that happens to have a phrase. */
const LONGEST = 80;
/** A line with separators between few words each is a menu: "Home | Shop | Contact". */
const MENU = /^(?:[^|»•>/]{1,24}\s*[|»•>/]\s*){2,}[^|»•>/]{0,24}$/u;

/** Whether a line is part of a page's frame, not of its text. */
export const isBoilerplate = (line: string): boolean => line.length <= LONGEST && line.trim() !== "" && (PHRASE.test(line) || MENU.test(line.trim()));

/** Thresholds of {@link boilerplate}; NeMo Curator has the same share. */
export const BOILERPLATE = { boilerplate_ratio: 0.4 };

/** Drops short lines that are a page's frame (menus, notices, prompts), and rejects texts in which they are most of the lines. */
export function boilerplate(options: Partial<{ [K in keyof typeof BOILERPLATE]: number | null }> = {}): TextFilter {
  const limit: { [K in keyof typeof BOILERPLATE]: number | null } = { ...BOILERPLATE, ...options };
  return {
    name: "boilerplate",
    apply(trial) {
      const lines = trial.text.split("\n");
      const kept = lines.filter((line) => !isBoilerplate(line));
      const filled = lines.filter((line) => line.trim() !== "").length;
      if (trial.atMost("boilerplate_ratio", filled > 0 ? (lines.length - kept.length) / filled : 0, limit.boilerplate_ratio)) return;
      if (kept.length < lines.length) trial.rewrite(kept.join("\n").replace(/\n{3,}/g, "\n\n").trim());
    },
  };
}
