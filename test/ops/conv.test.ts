// Every op of the families conv, conv-weight, blocked at every definition, in both engines, against onnxruntime and finite differences.
import { testFamilies } from './runner.js';

await testFamilies('conv', 'conv-weight', 'blocked');
