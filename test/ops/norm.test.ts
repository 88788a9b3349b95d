// Every op of the family norm at every definition, in both engines, against onnxruntime and finite differences.
import { testFamilies } from './runner.js';

await testFamilies('norm');
