// Every op of the families resize, spatial, signal at every definition, in both engines, against onnxruntime and finite differences.
import { testFamilies } from './runner.js';

await testFamilies('resize', 'spatial', 'signal');
