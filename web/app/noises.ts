// What comes in place of what is replaced, in words.
import type { ModelSummary } from './protocol.js';

/** Of pictures, the first where nobody asks for another. */
export const PICTURE_NOISES = ['uniform', 'gaussian', 'blur', 'constant:0'] as const;

/** By the kind of input and the family, or the whole description. */
const WORDS: Readonly<Record<ModelSummary['takes'], Readonly<Record<string, string>>>> = {
  picture: {
    uniform: 'random colours',
    gaussian: 'random colours around grey',
    blur: 'the picture itself, blurred',
    'constant:0': 'black',
  },
  text: {
    tokens: 'other words, at random',
    token: 'the mark for a hidden word',
    'constant:0': 'nothing: the word is left out',
    uniform: 'random counts of words',
  },
  row: {
    bootstrap: 'the value of another row',
    uniform: 'a random value of its range',
    gaussian: 'a random value around the mean',
    mean: 'the mean',
    'constant:0': '0',
  },
};

/** What a noise is called for inputs of this kind. */
export const noiseInWords = (takes: ModelSummary['takes'], noise: string): string =>
  WORDS[takes][noise] ?? WORDS[takes][noise.split(':')[0]!] ?? noise;
