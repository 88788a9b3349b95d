// What helps where onnxruntime finds no memory.

/** Advice, a whole sentence. */
export const MORE_MEMORY = 'Close other programs, explain fewer inputs at a time (`draws`), or use a machine with more memory.';
