// Words that say nothing of a topic: English articles, pronouns, prepositions, conjunctions, auxiliaries and adverbs of three letters or more.

const ARTICLES =
  'the this that these those such same other another each every either neither both all any some few many much more most several enough one ones none';
const PRONOUNS =
  'you your yours yourself she her hers herself him his himself its itself our ours ourselves they them their theirs themselves who whom whose which what whatever whoever myself mine someone somebody something anyone anybody anything everyone everybody everything nobody nothing';
const PREPOSITIONS =
  'about above across after against along among around before behind below beneath beside besides between beyond down during except for from inside into like near off onto out outside over past per since than through throughout till toward towards under until unto upon via with within without';
const CONJUNCTIONS = 'and but nor yet because although though unless whereas while when whenever where wherever whether how why';
const AUXILIARIES =
  'are was were been being have has had having does did done doing can could may might must shall should will would cannot ain isn aren wasn weren hasn haven hadn doesn don didn won wouldn shouldn couldn mustn let lets got get gets getting';
const ADVERBS =
  'again almost also already always away even ever here hence however indeed instead just less maybe never not now often only perhaps quite rather really seem seems seemed simply sometimes somewhat soon still then there therefore thus too very well yes';

/** In lower case. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  [ARTICLES, PRONOUNS, PREPOSITIONS, CONJUNCTIONS, AUXILIARIES, ADVERBS].flatMap((list) => list.split(' ')),
);
