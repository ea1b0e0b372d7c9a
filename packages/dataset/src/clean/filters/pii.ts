/** E-mail addresses and IPv4 addresses, as datatrove finds them (formatters/pii.py, Apache License 2.0). */
const LOCAL = /[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]/;
const DOMAIN =
  /@(?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?|\[(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?|[A-Za-z0-9-]*[A-Za-z0-9]:)\])/y;
const WORD = /[\p{L}\p{N}_]/u;
const IP = /(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)/g;

/** What stands in their place, in turn. The domains are reserved for examples; the addresses are datatrove's, which answered no one. */
const EMAILS = ["email@example.com", "firstname.lastname@example.org"];
const IPS = ["22.214.171.124", "126.96.36.199", "188.8.131.52", "184.108.40.206", "220.127.116.11", "18.104.22.168"];

/** IPv4 ranges that are not reachable from the whole Internet (IANA's special-purpose registry), as [network, bits]. */
const RESERVED: readonly (readonly [number, number])[] = (
  [
    ["0.0.0.0", 8], ["10.0.0.0", 8], ["100.64.0.0", 10], ["127.0.0.0", 8], ["169.254.0.0", 16], ["172.16.0.0", 12], ["192.0.0.0", 24], ["192.0.2.0", 24],
    ["192.168.0.0", 16], ["198.18.0.0", 15], ["198.51.100.0", 24], ["203.0.113.0", 24], ["240.0.0.0", 4],
  ] as const
).map(([network, bits]) => [addressOf(network), bits]);
/** Addresses of 192.0.0.0/24 that are reachable all the same. */
const REACHABLE = new Set(["192.0.0.9", "192.0.0.10"]);

function addressOf(ip: string): number {
  return ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Whether an address is one of a host on the Internet. A part with a leading zero makes it none. */
export function isPublicIp(ip: string): boolean {
  if (ip.split(".").some((part) => part.length > 1 && part.startsWith("0"))) return false;
  const address = addressOf(ip);
  return REACHABLE.has(ip) || !RESERVED.some(([network, bits]) => Math.floor(address / 2 ** (32 - bits)) === Math.floor(network / 2 ** (32 - bits)));
}

/** Which replacement is next; one object for a whole run gives datatrove's sequence. */
export interface PiiState {
  email: number;
  ip: number;
}

const isWord = (text: string, at: number): boolean => at >= 0 && at < text.length && WORD.test(text[at]!);

/** Where the e-mail address with an "@" at `at` begins: as far left as there are atoms between single dots, at a word's edge. -1 if nowhere. */
function startOf(text: string, at: number, from: number): number {
  let left = at;
  while (left > from && (LOCAL.test(text[left - 1]!) || (text[left - 1] === "." && left < at && text[left] !== "."))) left--;
  for (; left < at; left++) if (text[left] !== "." && isWord(text, left) !== isWord(text, left - 1)) return left;
  return -1;
}

/** Replaces addresses one "@" after the other, in time that grows with the text alone. */
function replaceEmails(text: string, next: () => string): string {
  let result = "";
  let from = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", Math.max(at + 1, from))) {
    DOMAIN.lastIndex = at;
    const start = startOf(text, at, from);
    if (start < 0 || !DOMAIN.test(text)) continue;
    result += text.slice(from, start) + next();
    from = DOMAIN.lastIndex;
  }
  return from === 0 ? text : result + text.slice(from);
}

/**
 * Replaces e-mail addresses and public IPv4 addresses by examples. Without `state` every text begins with the first one, so that
 * the result depends on the text alone.
 */
export function replacePii(text: string, state: PiiState = { email: 0, ip: 0 }): string {
  let result = text;
  if (result.includes("@")) result = replaceEmails(result, () => EMAILS[state.email++ % EMAILS.length]!);
  // A quick look first: four numbers with dots are rare.
  if (/\d\.\d{1,3}\.\d/.test(result)) result = result.replace(IP, (ip) => (isPublicIp(ip) ? IPS[state.ip++ % IPS.length]! : ip));
  return result;
}
