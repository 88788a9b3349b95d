// Every op of the families elementwise, ranks at every definition, in both engines, against onnxruntime and finite differences.
import { testFamilies } from './runner.js';

await testFamilies('elementwise', 'ranks');
