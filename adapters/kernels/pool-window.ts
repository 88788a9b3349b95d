// The windows of a pool with explicit pads, which MaxPool, AveragePool and LpPool share.
import { type OldNode, type StaticNode } from '../op.js';
import { explicit, type Explicit, type WindowAttributes } from './conv-geometry.js';

/**
 * onnxruntime's pools reckon SAME pads as if the kernel were not dilated, and contradict their own shape inference by it: whatever comes behind
 * fails or reads another shape.
 */
export function refuseDilatedSame(n: OldNode): void {
  const auto = n.attr<string>('auto_pad') ?? 'NOTSET';
  if (auto.startsWith('SAME') && n.attr<readonly number[]>('dilations')?.some((d) => d !== 1))
    n.refuse(`auto_pad ${auto} together with dilations is not supported`, 'Export it with pads.');
}

/** Refuses strides, dilations or pads that are not as many as the axes of the kernel ask for. For what is rewritten before onnxruntime sees it. */
export function refuseOtherRanks(n: OldNode, kernel: readonly number[]): void {
  for (const [name, each] of Object.entries({ strides: 1, dilations: 1, pads: 2 })) {
    const given = n.attr<readonly number[]>(name)?.length ?? each * kernel.length;
    if (given !== each * kernel.length)
      n.refuse(`${name} has ${given} numbers, and kernel_shape [${kernel.join(',')}] asks for ${each * kernel.length}`);
  }
}

/**
 * The window with nothing left to auto_pad. Where none fits, onnxruntime's blocked pools divide by zero and take the process with them. SAME
 * with a stride beyond the kernel has negative pads, which onnxruntime takes in LpPool alone.
 */
export function poolWindow(n: StaticNode, a: WindowAttributes, kernel: readonly number[]): Explicit {
  const spatial = n.type(0).dims.slice(2);
  const window = explicit(a, spatial, kernel);
  if (n.outputType(0).dims.slice(2).includes(0))
    n.refuse(
      `no window of kernel [${kernel.join(',')}] fits its input [${n.type(0).dims.join(',')}]`,
      'Give a larger input (`shapes`).',
    );
  const crops = spatial.some((size, i) => (Math.ceil(size / window.strides[i]!) - 1) * window.strides[i]! + kernel[i]! < size);
  if (a.auto_pad?.startsWith('SAME') && crops)
    n.refuse(`auto_pad ${a.auto_pad} with a stride beyond the kernel crops the input in onnxruntime`, 'Export it with pads.');
  return window;
}
