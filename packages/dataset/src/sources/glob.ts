const SPECIAL = /[*?[{]/;

/** Whether a path has wildcards. */
export const isGlob = (path: string): boolean => SPECIAL.test(path);

/**
 * A glob as a regular expression over paths with "/": `*` and `?` stay within a folder, `**` crosses them, `[a-z]` and
 * `{a,b}` as in a shell.
 */
export function globToRegExp(glob: string): RegExp {
  let source = "";
  let depth = 0;
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i]!;
    if (char === "*") {
      if (glob[i + 1] === "*") {
        const slash = glob[i + 2] === "/";
        source += slash ? "(?:[^/]+/)*" : ".*";
        i += slash ? 2 : 1;
      } else source += "[^/]*";
    } else if (char === "?") source += "[^/]";
    else if (char === "[" && glob.indexOf("]", i + 2) > 0) {
      const end = glob.indexOf("]", i + 2);
      source += `[${glob.slice(i + 1, end).replace(/^!/, "^").replaceAll("\\", "\\\\")}]`;
      i = end;
    } else if (char === "{") {
      depth++;
      source += "(?:";
    } else if (char === "}" && depth > 0) {
      depth--;
      source += ")";
    } else if (char === "," && depth > 0) source += "|";
    else source += char.replace(/[\\^$+.()|[\]{}]/g, "\\$&");
  }
  return new RegExp(`^${source}$`);
}

/** The folder in front of the first wildcard, and the pattern below it. */
export function splitGlob(glob: string): { base: string; pattern: string } {
  const parts = glob.split("/");
  const first = parts.findIndex(isGlob);
  return { base: parts.slice(0, first).join("/") || (glob.startsWith("/") ? "/" : "."), pattern: parts.slice(first).join("/") };
}
