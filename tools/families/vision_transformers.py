"""Image classifiers of Hugging Face transformers, from configs made small; each in the folder that transformers would write."""
import transformers as hf
from torch_export import in_turn, picture

TINY = {'hidden_size': 32, 'num_hidden_layers': 2, 'num_attention_heads': 2, 'intermediate_size': 64, 'image_size': 32, 'patch_size': 8}
STAGES = {'depths': [1, 1], 'hidden_sizes': [16, 32]}

# Prefix of the classes, family, size of pictures, arguments of the config.
NETS = [
    ('ViT', 'ViT', 32, TINY),
    ('DeiT', 'DeiT', 32, TINY),
    ('Beit', 'BEiT', 32, {**TINY, 'use_relative_position_bias': True}),
    ('Data2VecVision', 'Data2Vec Vision', 32, {**TINY, 'use_shared_relative_position_bias': True}),
    ('ViTMSN', 'ViT-MSN', 32, TINY),
    ('Dinov2', 'DINOv2', 32, {**TINY, 'use_swiglu_ffn': True}),
    ('Dinov2WithRegisters', 'DINOv2 with registers', 32, TINY),
    ('IJepa', 'I-JEPA', 32, TINY),
    ('Swin', 'Swin', 32, {'image_size': 32, 'patch_size': 2, 'embed_dim': 16, 'depths': [2, 2], 'num_heads': [2, 2], 'window_size': 4}),
    ('Swinv2', 'Swin V2', 32, {'image_size': 32, 'patch_size': 2, 'embed_dim': 16, 'depths': [2, 2], 'num_heads': [2, 2], 'window_size': 4}),
    ('DonutSwin', 'Donut (Swin)', 32, {'image_size': 32, 'patch_size': 2, 'embed_dim': 16, 'depths': [1, 1], 'num_heads': [2, 2], 'window_size': 4}),
    ('ConvNext', 'ConvNeXt', 32, {'num_stages': 2, **STAGES}),
    ('ConvNextV2', 'ConvNeXt V2', 32, {'num_stages': 2, **STAGES}),
    ('ResNet', 'ResNet', 32, {'embedding_size': 8, 'layer_type': 'basic', **STAGES}),
    ('RegNet', 'RegNet', 32, {'embedding_size': 8, 'groups_width': 8, **STAGES}),
    ('Bit', 'BiT', 32, {'embedding_size': 8, 'num_groups': 4, **STAGES}),
    ('MobileNetV1', 'MobileNetV1', 32, {'depth_multiplier': 0.25, 'image_size': 32}),
    ('MobileNetV2', 'MobileNetV2', 32, {'depth_multiplier': 0.35, 'image_size': 32}),
    ('MobileViT', 'MobileViT', 64, {'image_size': 64, 'hidden_sizes': [16, 24, 32], 'neck_hidden_sizes': [8, 8, 16, 16, 24, 32, 48]}),
    ('MobileViTV2', 'MobileViT V2', 64, {'image_size': 64, 'width_multiplier': 0.25}),
    ('EfficientNet', 'EfficientNet', 64, {'image_size': 64, 'width_coefficient': 0.25, 'depth_coefficient': 0.3, 'hidden_dim': 320}),
    ('Levit', 'LeViT', 64, {'image_size': 64, 'hidden_sizes': [16, 32, 48], 'num_attention_heads': [2, 2, 2], 'depths': [1, 1, 1], 'key_dim': [8, 8, 8]}),
    ('Pvt', 'PVT', 64, {'image_size': 64, 'depths': [1, 1, 1, 1], 'hidden_sizes': [16, 32, 32, 32], 'num_attention_heads': [1, 2, 2, 2]}),
    ('PvtV2', 'PVT V2', 64, {'image_size': 64, 'depths': [1, 1, 1, 1], 'hidden_sizes': [16, 32, 32, 32], 'num_attention_heads': [1, 2, 2, 2]}),
    ('PoolFormer', 'PoolFormer', 64, {'depths': [1, 1, 1, 1], 'hidden_sizes': [16, 16, 32, 32]}),
    ('Segformer', 'SegFormer', 64, {'depths': [1, 1, 1, 1], 'hidden_sizes': [16, 16, 32, 32], 'num_attention_heads': [1, 2, 2, 2]}),
    ('SwiftFormer', 'SwiftFormer', 64, {'depths': [1, 1, 1, 1], 'embed_dims': [16, 16, 32, 32]}),
    ('Cvt', 'CvT', 32, {'embed_dim': [16, 16, 32], 'num_heads': [1, 2, 2], 'depth': [1, 2, 3]}),
    ('FocalNet', 'FocalNet', 32, {'image_size': 32, 'patch_size': 2, 'embed_dim': 16, 'depths': [1, 1], 'focal_levels': [2, 2], 'focal_windows': [3, 3]}),
    ('Hiera', 'Hiera', 64, {'image_size': [64, 64], 'embed_dim': 16, 'depths': [1, 1, 1, 1], 'num_heads': [1, 2, 2, 2]}),
    ('HGNetV2', 'HGNet V2', 32, {}),
    ('TextNet', 'TextNet', 64, {}),
    ('PPLCNet', 'PP-LCNet', 32, {'scale': 0.25}),
    ('CLIP', 'CLIP', 32, {'vision_config': {**TINY, 'projection_dim': 16}, 'text_config': {'hidden_size': 16, 'num_hidden_layers': 1, 'num_attention_heads': 2, 'intermediate_size': 16, 'vocab_size': 50, 'projection_dim': 16}, 'projection_dim': 16}),
    ('Siglip', 'SigLIP', 32, {'vision_config': TINY, 'text_config': {'hidden_size': 16, 'num_hidden_layers': 1, 'num_attention_heads': 2, 'intermediate_size': 16, 'vocab_size': 50}}),
    ('Perceiver', 'Perceiver', 32, None),
]


def build(prefix, size, settings, folder):
    if prefix == 'Perceiver':
        config = hf.PerceiverConfig(num_latents=8, d_latents=32, num_blocks=1, num_self_attends_per_block=2, num_self_attention_heads=2, num_cross_attention_heads=2, image_size=size, num_labels=10)
        model = hf.PerceiverForImageClassificationConvProcessing(config)
    else:
        config = getattr(hf, f'{prefix}Config')(num_labels=10, **settings)
        model = getattr(hf, f'{prefix}ForImageClassification')(config)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    return model


def families():
    for prefix, family, size, settings, exporter in in_turn(NETS):
        yield (f'transformers {prefix} ({exporter})', family, f'PyTorch {exporter}', 'image',
               lambda folder, p=prefix, n=size, s=settings, e=exporter: picture(build(p, n, s, folder), e, folder, n))
