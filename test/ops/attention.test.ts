// Every op of the families attention, microsoft at every definition, in both engines, against onnxruntime and finite differences.
import { testFamilies } from './runner.js';

await testFamilies('attention', 'microsoft');
