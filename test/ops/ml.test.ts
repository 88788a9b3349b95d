// Every op of the families ml, ml-trees at every definition, in both engines, against onnxruntime and finite differences.
import { testFamilies } from './runner.js';

await testFamilies('ml', 'ml-trees');
