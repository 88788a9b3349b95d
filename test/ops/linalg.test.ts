// Every op of the families linalg, reduce at every definition, in both engines, against onnxruntime and finite differences.
import { testFamilies } from './runner.js';

await testFamilies('linalg', 'reduce');
