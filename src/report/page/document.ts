// What a page about results shows, as plain data: made here of each command's result, drawn by the components in web/, which know nothing else.

/**
 * Names and labels in it are foreign text: whoever draws them sets text, never markup. A page is bound to the version: what an older one lacks or a newer one adds has
 * another number.
 */
export interface ReportDocument {
  readonly schema: 'lan-onnx/report@1';
  /** The command whose result it is: `audit`. */
  readonly command: string;
  /** The package's version. */
  readonly version: string;
  /** What it is about, for the window's title. */
  readonly title: string;
  /** The finding in one sentence for somebody who does not know the method. */
  readonly claim: string;
  /** What somebody who believes the claim has to know as well. */
  readonly cautions: readonly string[];
  /** From top to bottom. */
  readonly blocks: readonly Block[];
  /** Pictures as `data:` URLs, by the names that blocks have for them. */
  readonly images: Readonly<Record<string, string>>;
}

/** One thing on the page. */
export type Block =
  Heading | Text | Pictures | Replace | Words | Plot | Table | Gallery | Verdicts | Facts | Code | Choice | Details;

/** Begins a section. */
export interface Heading {
  readonly type: 'heading';
  readonly text: string;
}

/** A paragraph. */
export interface Text {
  readonly type: 'text';
  readonly text: string;
  /** `claim`: set large; `caution`: set apart; `quiet`: stands back. */
  readonly tone?: 'claim' | 'caution' | 'quiet';
}

/** The colours of a map, from its low end to its high end. */
export interface Legend {
  readonly low: string;
  readonly high: string;
  /** `#rrggbb`. */
  readonly colours: readonly string[];
}

/** Pictures side by side. */
export interface Pictures {
  readonly type: 'pictures';
  readonly pictures: readonly { readonly image: string; readonly alt: string; readonly captions: readonly string[] }[];
  readonly legend?: Legend;
  /** Sheets, which need the whole width. */
  readonly wide?: boolean;
}

/** What a model answered: names with their figures, the first being the answer. */
export interface AnswerShown {
  readonly kept: boolean;
  /** `['tank', 0.983]`; of a value the number alone has a name of ''. */
  readonly top: readonly (readonly [name: string, value: number])[];
}

/** A slider over the fraction replaced, with what the model answered at each step. */
export interface Replace {
  readonly type: 'replace';
  /** What is replaced, within a sentence: `the picture`. */
  readonly part: string;
  /** What comes in its place: `random colours`. */
  readonly by: string;
  /** Ascending in [0,1]. */
  readonly fractions: readonly number[];
  /** Index of the fraction that the claim names, where the slider starts. */
  readonly start: number;
  /** By draw of the noise, then by fraction. */
  readonly answers: readonly (readonly AnswerShown[])[];
  /** What the model answered to the input as it is. */
  readonly before: AnswerShown;
  /** Where it can be drawn. */
  readonly picture?: {
    readonly width: number;
    readonly height: number;
    /** The input. */
    readonly image: string;
    /** One a draw, as large. */
    readonly noises: readonly string[];
    /**
     * [channels,height,width] as base64, channels 1 or 3: the index of the first fraction at which an element is replaced.
     */
    readonly steps: string;
    readonly channels: 1 | 3;
  };
  /** Where it is a text: its words, and of each the index of the first fraction at which it is replaced. */
  readonly words?: readonly { readonly text: string; readonly step: number }[];
}

/** A text whose words are marked by how much they were needed. */
export interface Words {
  readonly type: 'words';
  /** `need` in [0,1]. */
  readonly words: readonly { readonly text: string; readonly need: number; readonly title: string }[];
  readonly legend: Legend;
}

/** Lines or points over one number. */
export interface Plot {
  readonly type: 'plot';
  readonly title: string;
  /** What it shows, for somebody who cannot see it. */
  readonly summary: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly {
    readonly name: string;
    /** `bars`: each as wide as x values of one bar to the next are apart. */
    readonly kind: 'line' | 'points' | 'bars';
    readonly x: readonly number[];
    readonly y: readonly (number | null)[];
    /** 95 % intervals of the points. */
    readonly low?: readonly number[];
    readonly high?: readonly number[];
  }[];
}

/** One of a plot. */
export interface Axis {
  readonly label: string;
  readonly percent?: boolean;
  /** Of what is counted: only whole numbers are marked. */
  readonly whole?: boolean;
  readonly domain?: readonly [number, number];
}

/** What stands in a table; null where nothing is known. */
export type Cell = string | number | null;

/** Rows that a reader can sort, and filter where there are many. */
export interface Table {
  readonly type: 'table';
  readonly caption: string;
  readonly columns: readonly { readonly name: string; readonly numeric?: boolean; readonly percent?: boolean }[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Many results, each with its page; in the order given, or sorted by a figure. */
export interface Gallery {
  readonly type: 'gallery';
  /** Names of the figures of an item. */
  readonly figures: readonly { readonly name: string; readonly percent?: boolean }[];
  readonly items: readonly {
    readonly title: string;
    /** Relative, to a page beside this one. */
    readonly href?: string;
    readonly image?: string;
    readonly captions: readonly string[];
    readonly figures: readonly (number | null)[];
    /** Words by which items are chosen: `fails`, `proves little`. */
    readonly tags: readonly string[];
  }[];
}

/** What a set of tests came to. */
export interface Verdicts {
  readonly type: 'verdicts';
  readonly verdict: VerdictShown;
  /** What the verdict over all means. */
  readonly meaning: string;
  readonly tests: readonly { readonly name: string; readonly verdict: VerdictShown; readonly finding: string }[];
}

/** As the battery has it. */
export type VerdictShown = 'pass' | 'fail' | 'inconclusive';

/** Names and what they stand for. */
export interface Facts {
  readonly type: 'facts';
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** To be copied. */
export interface Code {
  readonly type: 'code';
  readonly label: string;
  readonly text: string;
}

/** Several results of one kind, of which one is shown, chosen by a slider. */
export interface Choice {
  readonly type: 'choice';
  /** What is chosen: `beta`. */
  readonly label: string;
  readonly options: readonly { readonly name: string; readonly blocks: readonly Block[] }[];
}

/** What not every reader wants to see, folded. */
export interface Details {
  readonly type: 'details';
  readonly summary: string;
  readonly blocks: readonly Block[];
}
