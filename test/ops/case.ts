// Op tests as data: those of this folder are what a plug-in's are.
export * from '../../src/check/op-case.js';
