// The order of test files: those that take longest first, so that no worker is left with one of them when the other has nothing to do any more.
// jest knows how long files took only where it has run them before; where it has not, it takes the size of a file, and the longest are short files.
const { default: Sequencer } = require('@jest/test-sequencer');

/** From five seconds on, those first that wait for processes of their own. */
const LONGEST = [
  'cli/options',
  'faults/faults',
  'cli/audit-again',
  'api/train-score',
  'engine/wasm-memory',
  'nets/nets',
  'nets/real-models',
  'experiment/experiment',
  'nets/exported-nets',
  'ops/spatial',
  'ops/elementwise',
  'compile/extents',
  'ops/recurrent',
  'compile/widen',
  'ops/attention',
  'lan/training',
  'nets/quantised',
  'engine/descent',
  'explain/audit',
  'ops/shape',
  'model/trial',
];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = LONGEST.findIndex((name) => path.replaceAll('\\', '/').endsWith(`/test/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
module.exports.LONGEST = LONGEST;
