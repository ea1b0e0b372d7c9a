import type { Document, SeededRandom } from "@llm/dataset";

const split = (words: string): string[] => words.split("|");
const WHO = split("Anna|Ben Carter|the teacher|her younger brother|the old sailor|a neighbour from the hill|the mayor|Aunt Clara|the youngest of them|a clerk from the harbour|some farmer|Doctor Lund|the committee|an engineer named Ruth|the ferryman|two travellers|the baker's wife|my grandfather|the new librarian|Captain Moss");
const DID = split("carried|found|painted|remembered|followed|repaired|lost|described|hid|bought|borrowed|measured|forgot|praised|sold|counted|cleaned|opened|defended|missed|wrapped|weighed|inspected|rented|burned");
const WHICH = split("quiet|heavy|narrow|broken|bright|distant|wooden|famous|empty|crooked|silver|lonely|patient|dusty|frozen|ancient|cheap|shallow|private|rusty|gentle|foreign|spare|public|yellow");
const WHAT = split("garden|basket|engine|letter|bridge|window|violin|ladder|orchard|lantern|map|kitchen|saddle|clock|boat|chapel|harvest|railway|notebook|cellar|mirror|harbour|blanket|machine|portrait|stove|fence|contract|telescope|workshop");
const WHY = split("every other day|without much joy|in plain sight|for a friend|after the war|near the harbour|with great care|by candle light|to their surprise|that same night|as before|at low tide|from memory|and then left|for almost nothing|until noon|like a king|behind the mill|under the roof|on a bet|because of the rain|before anyone woke|in the second week of March|to save money|with the help of two strangers");
const TOPIC = split("The price of timber|Public transport in small towns|The history of the canal|Growing tomatoes in a cold climate|The study of tides|Restoring old furniture|The school's new library|Travel by night train|The reform of the tax office|Keeping bees on a roof|The first winter of the settlement|Learning a language late in life");
const CLAIM = split("was discussed for years before anyone acted|depends on more than money and good will|has changed more in ten years than in the century before|is easier to describe than to explain|taught everybody who took part a lesson|cannot be understood without its beginnings|would be impossible without the work of volunteers|still divides those who know it best");

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);

/** Makes good documents and documents with one defect each; what it makes depends on the random numbers alone. */
export class PlantedTexts {
  constructor(private readonly random: SeededRandom) {}

  pick<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)]!;
  }

  private list<T>(count: number, make: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => make(index));
  }

  sentence(): string {
    const { random } = this;
    const [who, did, which, what, why] = [this.pick(WHO), this.pick(DID), this.pick(WHICH), this.pick(WHAT), this.pick(WHY)];
    const number = 2 + random.below(97);
    return this.pick([
      () => `${capital(who)} ${did} the ${which} ${what} ${why}.`,
      () => `${capital(why)}, ${who} would have ${did} any ${what}, ${which} or not.`,
      () => `"My ${what} was ${which}," wrote ${who}, and later ${did} a ${this.pick(WHAT)} ${why}.`,
      () => `Of the ${number} ${what}s that were left, ${who} ${did} only ${this.pick(["three", "seven", "a dozen", "the best"])} ${why}.`,
      () => `${capital(who)} had the ${which} ${what} ${did} ${why}, but the ${this.pick(WHAT)} stayed ${this.pick(WHICH)} to the end.`,
      () => `It took ${number} ${this.pick(["days", "weeks", "hours", "attempts"])} to have ${this.pick(["the", "that", "one"])} ${which} ${what} ${did}, ${this.pick(["and nobody but", "which only", "as", "though even"])} ${who} ${this.pick(["had foreseen", "could believe", "liked to repeat", "understood later"])}.`,
      () => `${this.pick(["Why", "How", "When"])} ${who} ${did} the ${what} ${this.pick(["and not the", "instead of a", "before any"])} ${this.pick(WHAT)} ${this.pick(["remained unclear to", "never worried", "was asked by", "is still told by"])} ${this.pick(WHO)}.`,
      () => `In ${1700 + random.below(320)}, ${this.pick(["about", "nearly", "more than"])} ${number} ${this.pick(["families lived from", "people worked for", "travellers came to see", "visitors paid for"])} the ${what}, ${this.pick(["and with it came", "which promised", "but those were", "and after that began"])} ${this.pick(WHICH)} times.`,
    ])();
  }

  paragraph(sentences = 4 + this.random.below(5)): string {
    return this.list(sentences, () => this.sentence()).join(" ");
  }

  /** Good prose: essays, stories with talk, instructions, texts with a heading and short notes. */
  prose(): string {
    return this.pick([
      () => this.random.shuffle([...TOPIC]).slice(0, 2 + this.random.below(4)).map((topic) => `${topic} ${this.pick(CLAIM)}. ${this.paragraph()}`).join("\n\n"),
      () => this.list(7 + this.random.below(6), () => (this.random.next() < 0.3 ? `"${this.pick(["Did", "Has", "When will", "Where would"])} ${this.pick(WHO)} ${this.pick(["show", "leave", "send", "lend"])} us the ${this.pick(WHICH)} ${this.pick(WHAT)}?" asked ${this.pick(WHO)} ${this.pick(WHY)}.` : this.paragraph(2))).join("\n"),
      () => this.list(6 + this.random.below(4), (i) => `${i === 0 ? "First" : this.pick(["Then", "After that", "Next", "Now", "Later"])} ${this.pick(["take", "bring", "fetch", "move"])} the ${this.pick(WHICH)} ${this.pick(WHAT)} ${this.pick(["to", "past", "behind", "into"])} the ${this.pick(WHAT)}. ${this.paragraph(2)}`).join("\n\n"),
      () => `${this.pick(TOPIC)}\n\n${this.list(3, () => this.paragraph()).join("\n\n")}\n\nNotes\n\n${this.paragraph(3)}`,
    ])();
  }

  /** Defects by their kind. The label says English for all of them. */
  readonly defects: Record<string, () => string> = {
    symbols: () => {
      const noise = this.pick([["#"], ["%%", "//", "||"], ["***", "~~~", "==="], ["12", "007", "3.14", "99"], ["→", "★", "●", "■"], ["?!?!", "....", "…"], ["@", "&", "$$", "^^"]]);
      return this.prose().split(" ").map((word) => (this.random.next() < 0.45 ? this.pick(noise) : word)).join(" ");
    },
    lines: () => {
      const lines = this.list(2 + this.random.below(3), () => this.sentence());
      return this.pick([
        () => this.list(14 + this.random.below(10), () => this.pick(lines)).join("\n"),
        () => this.list(8, () => lines.join(" ")).join("\n\n"),
        () => `${this.paragraph(3)}\n${this.list(12, () => lines[0]!).join("\n")}`,
        () => this.list(30, () => lines[0]!).join(" "),
      ])();
    },
    menus: () => {
      const items = split("Home|About us|Contact|Products|Sign in|View all|Prices and sizes|News from the village|Shopping cart|My account|Privacy policy|Terms of use|Site map|Careers|Support|Forum|Gallery|Downloads|Events|Newsletter|FAQ|Imprint|Blog|Store|Log out|Follow us on Facebook|Share this page|Read more|Next page|Search");
      const some = (): string[] => this.list(5 + this.random.below(4), () => this.pick(items));
      return this.pick([
        () => this.list(25 + this.random.below(30), () => this.pick(items)).join("\n"),
        () => this.list(10 + this.random.below(10), () => some().join(this.pick([" | ", " > ", " » ", " • ", " / "]))).join("\n"),
        () => this.list(30, () => `${this.pick(["-", "•", "*"])} ${this.pick(items)}`).join("\n"),
        () => this.list(40, () => `${capital(this.pick(WHAT))} ${this.pick(items)} $${this.random.below(90)}.99`).join("\n"),
        () => this.list(60, () => this.pick(items)).join(" "),
      ])();
    },
    code: () => {
      const name = (): string => this.pick(WHAT) + capital(this.pick(WHICH));
      const number = (): number => this.random.below(100);
      const lines = (count: number, make: () => string): string => this.list(count, make).join("\n");
      return this.pick([
        () => lines(35, () => this.pick([`def ${name()}(self, ${name()}):`, `    return ${name()}[${number()}] + ${number()}`, `    if ${name()} is None:`, `for ${name()} in range(${number()}):`, `import ${name()}`])),
        () => lines(35, () => this.pick([`const ${name()} = (${name()}) => ${name()}(${number()});`, `if (${name()} === ${number()}) {`, "}", `  return ${name()}.${name()};`, `// ${this.pick(WHICH)} ${name()}`])),
        () => lines(40, () => `<div class="${name()}"><a href="/${name()}/${number()}">${name()}</a></div>`),
        () => lines(40, () => `.${name()} { margin: ${number()}px; color: #${number()}${number()}${number()}; }`),
        () => `[${this.list(50, () => `{"${name()}": ${number()}, "${name()}": "${name()}"}`).join(",\n ")}]`,
        () => lines(30, () => `SELECT ${name()}, ${name()} FROM ${name()} WHERE ${name()} = ${number()};`),
        () => lines(30, () => `$ sudo ${name()} --${name()}=${number()} | grep -v ${name()} > /tmp/${name()}.log`),
        () => lines(40, () => `int ${name()}(char *${name()}) { ${name()}[${number()}] = ${number()}; return ${name()}; }`),
      ])();
    },
    language: () => {
      const parts: string[][] = this.pick(LANGUAGES);
      return this.list(3, () => this.list(6, () => parts.map((part) => this.pick(part)).join("")).join(" ")).join("\n\n");
    },
  };

  /** Text whose UTF-8 was read as another code, and what it was. */
  mojibake(): { text: string; good: string } {
    const foreign = split("café|naïve|Zoë|Müller|São Paulo|jalapeño|Ångström|déjà vu|Dvořák|Łódź|piñata|crème brûlée");
    const quotes = (text: string): string => text.replaceAll(/"([^"]*)"/g, "“$1”").replaceAll("'", "’");
    const good = this.list(3, () => `${quotes(this.paragraph(5))} ${capital(this.pick(WHO))} knew of the ${this.pick(foreign)} and the ${this.pick(foreign)} – but ${this.pick(["didn’t say so", "couldn’t prove it", "wouldn’t tell…"])} ${this.pick(WHY)}.`).join("\n");
    const times = this.random.next() < 0.3 ? 2 : 1;
    let text = good;
    for (let k = 0; k < times; k++) text = [...Buffer.from(text, "utf8")].map((byte) => CODE_PAGE[byte]!).join("");
    return { text, good };
  }

  /** A text with a few other words, another heading, or in other case. */
  nearCopy(text: string): string {
    const words = text.split(" ");
    const edits = Math.max(1, Math.floor(words.length / 100));
    for (let k = 0; k < edits; k++) words[this.random.below(words.length)] = this.pick(WHAT);
    const edited = words.join(" ");
    return this.pick([() => edited, () => `${this.pick(TOPIC)}\n\n${edited}`, () => edited.toUpperCase(), () => edited.replaceAll(",", " ,").replaceAll("\n\n", "\n"), () => `${edited} ${this.sentence()}`])();
  }
}

/** What Windows-1252 shows for each byte, or Latin-1 where it has nothing. */
const CODE_PAGE = [...Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)), ..."€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ", ...Array.from({ length: 96 }, (_, i) => String.fromCharCode(160 + i))];

/** Beginnings, middles and ends of sentences in other languages. */
const LANGUAGES: string[][][] = [
  [["Anna ", "Der Lehrer ", "Ihr Bruder ", "Die alte Frau "], ["sah den stillen Garten ", "fand das schwere Boot ", "malte die enge Gasse ", "suchte ein Buch "], ["und sagte niemandem etwas davon.", "und ging danach langsam nach Hause.", "und wartete auf den nächsten Zug."]],
  [["Le maître ", "Son frère ", "La vieille dame ", "Une voisine "], ["regardait le jardin ", "cherchait une lettre ", "peignait le pont ", "avait perdu sa clé "], ["et ne disait rien à personne.", "avant de rentrer à la maison.", "parce qu'il pleuvait depuis trois jours."]],
  [["El maestro ", "Su hermana ", "La vecina ", "Un viejo marinero "], ["miraba el jardín ", "buscaba una carta ", "pintaba el puente ", "perdió la llave "], ["y no se lo dijo a nadie.", "antes de volver a casa.", "porque llovía desde hacía tres días."]],
  [["Il maestro ", "Suo fratello ", "La vicina ", "Un vecchio marinaio "], ["guardava il giardino ", "cercava una lettera ", "dipingeva il ponte ", "ha perso la chiave "], ["e non lo disse a nessuno.", "prima di tornare a casa.", "perché pioveva da tre giorni."]],
  [["O professor ", "A irmã dele ", "A vizinha ", "Um velho marinheiro "], ["olhava para o jardim ", "procurava uma carta ", "pintava a ponte ", "perdeu a chave "], ["e não disse nada a ninguém.", "antes de voltar para casa.", "porque chovia havia três dias."]],
  [["De leraar ", "Haar broer ", "De buurvrouw ", "Een oude zeeman "], ["keek naar de tuin ", "zocht een brief ", "schilderde de brug ", "verloor de sleutel "], ["en zei er niemand iets over.", "voordat hij naar huis ging.", "omdat het al drie dagen regende."]],
  [["Läraren ", "Hennes bror ", "Grannen ", "En gammal sjöman "], ["tittade på trädgården ", "letade efter ett brev ", "målade bron ", "tappade nyckeln "], ["och sa inget till någon.", "innan han gick hem.", "för att det hade regnat i tre dagar."]],
  [["Nauczyciel ", "Jej brat ", "Sąsiadka ", "Stary marynarz "], ["patrzył na ogród ", "szukał listu ", "malował most ", "zgubił klucz "], ["i nikomu nic nie powiedział.", "zanim wrócił do domu.", "bo padało od trzech dni."]],
  [["Учитель ", "Её брат ", "Соседка ", "Старый моряк "], ["смотрел на сад ", "искал письмо ", "рисовал мост ", "потерял ключ "], ["и никому ничего не сказал.", "прежде чем вернуться домой.", "потому что дождь шёл три дня."]],
  [["Ο δάσκαλος ", "Ο αδελφός της ", "Η γειτόνισσα "], ["κοίταζε τον κήπο ", "έψαχνε ένα γράμμα ", "ζωγράφιζε τη γέφυρα "], ["και δεν είπε τίποτα σε κανέναν.", "πριν γυρίσει στο σπίτι."]],
  [["老师", "她的弟弟", "邻居", "一位老水手"], ["看着安静的花园，", "正在找一封信，", "画了那座桥，", "把钥匙弄丢了，"], ["没有告诉任何人。", "然后慢慢走回家。", "因为雨已经下了三天。"]],
  [["先生は", "彼女の弟は", "隣の人は"], ["静かな庭を見て、", "手紙を探していて、", "橋の絵を描いて、"], ["誰にも何も言わなかった。", "それから家に帰った。"]],
  [["نظر المعلم إلى الحديقة ", "بحث أخوها عن رسالة ", "رسمت الجارة الجسر "], ["ولم يقل شيئا لأحد.", "قبل أن يعود إلى البيت.", "لأن المطر نزل ثلاثة أيام."]],
  [["Öğretmen ", "Kardeşi ", "Komşusu ", "Yaşlı denizci "], ["bahçeye baktı ", "bir mektup aradı ", "köprünün resmini yaptı "], ["ve kimseye bir şey söylemedi.", "sonra yavaşça eve döndü."]],
  [["Opettaja ", "Hänen veljensä ", "Naapuri ", "Vanha merimies "], ["katseli puutarhaa ", "etsi kirjettä ", "maalasi sillan ", "kadotti avaimen "], ["eikä sanonut kenellekään mitään.", "ennen kuin meni kotiin."]],
];

/** Documents of all kinds in a random order; of a kind, the id's first part is its name. */
export function plant(texts: PlantedTexts, random: SeededRandom, each: number): { documents: Document[]; repaired: Map<string, string> } {
  const documents: Document[] = [];
  const repaired = new Map<string, string>();
  const label = { language: "en", language_score: 0.99 };
  for (let i = 0; i < each; i++) {
    for (const [kind, make] of Object.entries(texts.defects)) documents.push({ id: `${kind}-${i}`, text: make(), ...label });
    const { text, good } = texts.mojibake();
    documents.push({ id: `mojibake-${i}`, text, ...label });
    repaired.set(`mojibake-${i}`, good);
  }
  const good: Document[] = Array.from({ length: 5 * each }, (_, i) => ({ id: `good-${i}`, text: texts.prose(), ...label }));
  documents.push(...good);
  for (let i = 0; i < each; i++) {
    const exact = good[i]!;
    documents.push({ ...exact, id: `exact-${i}`, text: random.next() < 0.5 ? exact.text : `\uFEFF ${exact.text.replaceAll("\n", " \r\n")}\n\n` });
    const near = good[each + i]!;
    documents.push({ ...near, id: `near-${i}`, text: texts.nearCopy(near.text) });
  }
  return { documents: random.shuffle(documents), repaired };
}
