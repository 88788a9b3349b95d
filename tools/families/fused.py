"""Models as onnxruntime's own optimisers leave them: fused attention and normalisation, 4-bit weights (domain com.microsoft)."""
import onnx
import text
import vision_transformers as vision
from torch_export import picture

SETTINGS = {prefix: settings for prefix, _, settings in text.NETS}


def optimised(folder, model_type, exporter='torchscript', prefix='Bert', settings=None, **more):
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    made = text.folder_of(text.build(prefix, settings or SETTINGS[prefix]), prefix, exporter, folder)
    options = FusionOptions(model_type)
    for name, value in more.items():
        setattr(options, name, value)
    config = settings or SETTINGS[prefix]
    heads = config.get('num_attention_heads') or config.get('n_head') or config.get('n_heads')
    fused = optimizer.optimize_model(made['file'], model_type, num_heads=heads, hidden_size=32, optimization_options=options, opt_level=0)
    fused.save_model_to_file(made['file'])
    return {**made, 'ops': count(fused.model)}


def count(model) -> str:
    found = {}
    for node in model.graph.node:
        if node.domain not in ('', 'ai.onnx'):
            found[node.op_type] = found.get(node.op_type, 0) + 1
    return ', '.join(f'{k} x{v}' for k, v in sorted(found.items()))


def graph_optimised(folder, level):
    """What onnxruntime writes as its optimised model: the file that people save and pass on."""
    import onnxruntime

    made = picture(vision.build('ConvNext', 32, {'num_stages': 2, **vision.STAGES}, folder), 'torchscript', folder, 32)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = made['file']
    onnxruntime.InferenceSession(onnx.load(made['file']).SerializeToString(), options, providers=['CPUExecutionProvider'])
    return {**made, 'ops': count(onnx.load(made['file']))}


def few_bits(folder, prefix, bits, symmetric, block):
    from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

    made = text.folder_of(text.build(prefix, SETTINGS[prefix]), prefix, 'torchscript', folder)
    config = DefaultWeightOnlyQuantConfig(block_size=block, is_symmetric=symmetric, bits=bits)
    quantizer = MatMulNBitsQuantizer(onnx.load(made['file']), algo_config=config)
    quantizer.process()
    onnx.save(quantizer.model.model, made['file'])
    return {**made, 'ops': count(quantizer.model.model)}


def families():
    import onnxruntime as ort

    levels = ort.GraphOptimizationLevel
    yield 'fused BERT (Attention)', 'BERT, fused', 'onnxruntime.transformers', 'text', lambda f: optimised(f, 'bert')
    yield 'fused BERT (MultiHeadAttention)', 'BERT, fused', 'onnxruntime.transformers', 'text', lambda f: optimised(f, 'bert', use_multi_head_attention=True)
    yield 'fused DistilBERT', 'DistilBERT, fused', 'onnxruntime.transformers', 'text', lambda f: optimised(f, 'bert', prefix='DistilBert')
    yield 'fused RoBERTa', 'RoBERTa, fused', 'onnxruntime.transformers', 'text', lambda f: optimised(f, 'bert', prefix='Roberta')
    yield 'fused GPT-2', 'GPT-2, fused', 'onnxruntime.transformers', 'text', lambda f: optimised(f, 'gpt2', prefix='GPT2')
    yield 'fused Llama', 'Llama, fused', 'onnxruntime.transformers', 'text', lambda f: optimised(f, 'gpt2', prefix='Llama')
    yield 'optimised ConvNeXt (basic)', 'ConvNeXt, optimised', 'onnxruntime', 'image', lambda f: graph_optimised(f, levels.ORT_ENABLE_BASIC)
    yield 'optimised ConvNeXt (extended)', 'ConvNeXt, optimised', 'onnxruntime', 'image', lambda f: graph_optimised(f, levels.ORT_ENABLE_EXTENDED)
    for bits, symmetric, block in ((4, True, 32), (4, False, 16), (8, False, 32)):
        yield (f'MatMulNBits BERT ({bits} bits, {"symmetric" if symmetric else "zero points"})', f'BERT, {bits}-bit weights', 'onnxruntime.quantization', 'text',
               lambda f, b=bits, s=symmetric, k=block: few_bits(f, 'Bert', b, s, k))
    yield 'MatMulNBits Llama (4 bits)', 'Llama, 4-bit weights', 'onnxruntime.quantization', 'text', lambda f: few_bits(f, 'Llama', 4, False, 32)
