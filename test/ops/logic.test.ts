// Every op of the families logic, bits, legacy, loss at every definition, in both engines, against onnxruntime and finite differences.
import { testFamilies } from './runner.js';

await testFamilies('logic', 'bits', 'legacy', 'loss');
