// Loaded into every process of a worker (NODE_OPTIONS): the one that explains dies of SIGSEGV at an input whose name says so, as a kernel's fault would have it.
if (/audit-worker\.(js|ts)$/.test(process.argv[1] ?? '')) {
  const on = process.on.bind(process);
  // A listener of our own would let the first messages come before the program's is there.
  process.on = (name, listener) =>
    on(name, name !== 'message' ? listener : (message, ...rest) => {
      const label = message?.task?.at?.label;
      if (typeof label === 'string' && label.includes('poison')) process.kill(process.pid, 'SIGSEGV');
      else listener(message, ...rest);
    });
} // prettier-ignore
