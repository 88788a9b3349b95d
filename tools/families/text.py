"""Text classifiers of Hugging Face transformers, from configs made small, with a tokenizer of a few words."""
import torch
import transformers as hf
from torch_export import export, in_turn

WORDS = 'the a film was not good bad dull great plot actor scene long short very and but it is this'.split()
LENGTH = 12
COMMON = {'vocab_size': 40, 'hidden_size': 32, 'num_hidden_layers': 2, 'num_attention_heads': 2, 'intermediate_size': 64, 'max_position_embeddings': 64, 'pad_token_id': 0}
DECODER = {**COMMON, 'num_key_value_heads': 1, 'head_dim': 16}
N = {'n_embd': 32, 'n_layer': 2, 'n_head': 2, 'n_positions': 64, 'vocab_size': 40, 'pad_token_id': 0}
SEQ = {'vocab_size': 40, 'd_model': 32, 'encoder_layers': 1, 'decoder_layers': 1, 'encoder_attention_heads': 2, 'decoder_attention_heads': 2, 'encoder_ffn_dim': 32, 'decoder_ffn_dim': 32, 'max_position_embeddings': 64, 'pad_token_id': 0, 'eos_token_id': 3}

# Prefix of the classes, family, arguments of the config.
NETS = [
    ('Bert', 'BERT', COMMON),
    ('DistilBert', 'DistilBERT', {'vocab_size': 40, 'dim': 32, 'n_layers': 2, 'n_heads': 2, 'hidden_dim': 64, 'max_position_embeddings': 64}),
    ('Roberta', 'RoBERTa', {**COMMON, 'pad_token_id': 0}),
    ('Albert', 'ALBERT', {**COMMON, 'embedding_size': 16}),
    ('Electra', 'ELECTRA', {**COMMON, 'embedding_size': 16}),
    ('Deberta', 'DeBERTa', {**COMMON, 'relative_attention': True, 'pos_att_type': ['c2p', 'p2c']}),
    ('DebertaV2', 'DeBERTa V2/V3', {**COMMON, 'relative_attention': True, 'pos_att_type': ['c2p', 'p2c'], 'position_buckets': 8, 'share_att_key': True, 'norm_rel_ebd': 'layer_norm', 'pooler_hidden_size': 32}),
    ('MPNet', 'MPNet', COMMON),
    ('MobileBert', 'MobileBERT', {**COMMON, 'embedding_size': 16, 'intra_bottleneck_size': 16, 'intermediate_size': 32}),
    ('SqueezeBert', 'SqueezeBERT', {**COMMON, 'embedding_size': 32}),
    ('ConvBert', 'ConvBERT', {**COMMON, 'embedding_size': 16, 'num_attention_heads': 4}),
    ('FNet', 'FNet', COMMON),
    ('Funnel', 'Funnel', {'vocab_size': 40, 'block_sizes': [1, 1], 'd_model': 32, 'n_head': 2, 'd_head': 16, 'd_inner': 64, 'num_decoder_layers': 1}),
    ('BigBird', 'BigBird', {**COMMON, 'attention_type': 'original_full'}),
    ('Longformer', 'Longformer', {**COMMON, 'attention_window': 4}),
    ('Nystromformer', 'Nystromformer', {**COMMON, 'segment_means_seq_len': 12, 'num_landmarks': 12}),
    ('XLNet', 'XLNet', {'vocab_size': 40, 'd_model': 32, 'n_layer': 2, 'n_head': 2, 'd_inner': 64}),
    ('RoFormer', 'RoFormer (rotary)', {**COMMON, 'embedding_size': 32}),
    ('RemBert', 'RemBERT', {**COMMON, 'input_embedding_size': 16}),
    ('ModernBert', 'ModernBERT', {**COMMON, 'global_attn_every_n_layers': 2, 'local_attention': 8, 'eos_token_id': 3, 'bos_token_id': 2, 'cls_token_id': 2, 'sep_token_id': 3}),
    ('Esm', 'ESM', {**COMMON, 'mask_token_id': 4, 'position_embedding_type': 'rotary'}),
    ('Canine', 'CANINE', {**COMMON, 'num_hash_buckets': 32, 'local_transformer_stride': 4, 'downsampling_rate': 4, 'bos_token_id': 1, 'eos_token_id': 2}),
    ('IBert', 'I-BERT', COMMON),
    ('GPT2', 'GPT-2', N),
    ('GPTNeo', 'GPT-Neo', {'vocab_size': 40, 'hidden_size': 32, 'num_layers': 2, 'attention_types': [[['global', 'local'], 1]], 'num_heads': 2, 'intermediate_size': 64, 'max_position_embeddings': 64, 'pad_token_id': 0}),
    ('GPTNeoX', 'GPT-NeoX', COMMON),
    ('GPTJ', 'GPT-J', {**N, 'rotary_dim': 8}),
    ('OPT', 'OPT', {'vocab_size': 40, 'hidden_size': 32, 'num_hidden_layers': 2, 'num_attention_heads': 2, 'ffn_dim': 64, 'max_position_embeddings': 64, 'pad_token_id': 0, 'word_embed_proj_dim': 32}),
    ('Bloom', 'BLOOM', {'vocab_size': 40, 'hidden_size': 32, 'n_layer': 2, 'n_head': 2, 'pad_token_id': 0}),
    ('Falcon', 'Falcon', {'vocab_size': 40, 'hidden_size': 32, 'num_hidden_layers': 2, 'num_attention_heads': 2, 'pad_token_id': 0, 'bos_token_id': 2, 'eos_token_id': 3}),
    ('Llama', 'Llama', DECODER),
    ('Mistral', 'Mistral', {**DECODER, 'sliding_window': 6}),
    ('Mixtral', 'Mixtral (experts)', {**DECODER, 'num_local_experts': 2, 'num_experts_per_tok': 1, 'experts_implementation': 'eager'}),
    ('Qwen2', 'Qwen2', DECODER),
    ('Qwen3', 'Qwen3', DECODER),
    ('Gemma', 'Gemma', DECODER),
    ('Gemma2', 'Gemma 2', {**DECODER, 'query_pre_attn_scalar': 16}),
    ('Phi', 'Phi', COMMON),
    ('Phi3', 'Phi-3', {**COMMON, 'num_key_value_heads': 2, 'bos_token_id': 2, 'eos_token_id': 3}),
    ('StableLm', 'StableLM', {**COMMON, 'num_key_value_heads': 2}),
    ('T5', 'T5', {'vocab_size': 40, 'd_model': 32, 'd_kv': 16, 'd_ff': 64, 'num_layers': 1, 'num_heads': 2, 'eos_token_id': 3, 'decoder_start_token_id': 0}),
    ('Bart', 'BART', SEQ),
    ('MBart', 'mBART', SEQ),
    ('Reformer', 'Reformer', {'vocab_size': 40, 'hidden_size': 32, 'attention_head_size': 16, 'num_attention_heads': 2, 'attn_layers': ['local'], 'local_attn_chunk_length': 4, 'axial_pos_shape': [3, 4], 'axial_pos_embds_dim': [16, 16], 'feed_forward_size': 32, 'max_position_embeddings': 12, 'is_decoder': False}),
]


def tokenizer(folder) -> None:
    """tokenizer.json of BERT's kind: [CLS] words [SEP]."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {w: i for i, w in enumerate(['[PAD]', '[UNK]', '[CLS]', '[SEP]', *WORDS])}
    t = Tokenizer(models.WordLevel(vocabulary, unk_token='[UNK]'))
    t.normalizer = normalizers.Lowercase()
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.post_processor = processors.TemplateProcessing(single='[CLS] $A [SEP]', special_tokens=[('[CLS]', 2), ('[SEP]', 3)])
    t.save(str(folder / 'tokenizer.json'))


def build(prefix, settings):
    config = getattr(hf, f'{prefix}Config')(num_labels=3, id2label={0: 'negative', 1: 'neutral', 2: 'positive'}, attn_implementation='eager', **settings)
    if hasattr(config, 'use_cache'):
        config.use_cache = False
    return getattr(hf, f'{prefix}ForSequenceClassification')(config)


def folder_of(model, prefix, exporter, folder) -> dict:
    """model.onnx with config.json and tokenizer.json beside it, of texts of any length where the exporter makes such graphs."""
    model.config.architectures = [f'{prefix}ForSequenceClassification']
    model.config.save_pretrained(folder)
    tokenizer(folder)
    # Decoders look for the last token that is not padding: the ids end with [SEP], as the tokenizer ends them.
    ids = torch.randint(4, 24, (1, LENGTH))
    ids[0, 0], ids[0, -1] = 2, 3
    mask = torch.ones_like(ids)
    axes = {n: {0: 'batch', 1: 'sequence'} for n in ('input_ids', 'attention_mask')}
    return {**export(model, [ids, mask], ['input_ids', 'attention_mask'], folder / 'model.onnx', exporter, axes), 'length': LENGTH}


def families():
    for prefix, family, settings, exporter in in_turn(NETS, both=lambda name: name in ('Bert', 'DistilBert', 'DebertaV2', 'GPT2', 'Llama', 'ModernBert')):
        yield (f'transformers {prefix} ({exporter})', family, f'PyTorch {exporter}', 'text',
               lambda folder, p=prefix, s=settings, e=exporter: folder_of(build(p, s), p, e, folder))
