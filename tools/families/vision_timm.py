"""timm's families: the smallest of each, shallower where a depth may be given."""
import sys

import timm
from torch_export import pictures

# Name, family, size of pictures, arguments of timm.create_model.
NETS = [
    ('test_resnet', 'ResNet-D', 64, {}),
    ('test_byobnet', 'ByobNet', 64, {}),
    ('test_efficientnet', 'EfficientNet', 64, {}),
    ('test_efficientnet_evos', 'EfficientNet (EvoNorm)', 64, {}),
    ('test_efficientnet_gn', 'EfficientNet (GroupNorm)', 64, {}),
    ('test_convnext2', 'ConvNeXt V2', 64, {}),
    ('test_nfnet', 'NFNet', 64, {}),
    ('test_mambaout', 'MambaOut', 64, {}),
    ('test_coatnet', 'CoAtNet', 64, {'img_size': 64}),
    ('test_maxvit', 'MaxViT', 64, {'img_size': 64}),
    ('test_vit', 'ViT', 64, {'img_size': 64}),
    ('test_vit_relpos', 'ViT (relative positions)', 64, {'img_size': 64}),
    ('lcnet_035', 'LCNet', 64, {}),
    ('tinynet_e', 'TinyNet', 64, {}),
    ('ghostnet_050', 'GhostNet', 64, {}),
    ('mobilenetv4_conv_small_035', 'MobileNetV4', 64, {}),
    ('mobilevit_xxs', 'MobileViT', 64, {}),
    ('mobilevitv2_050', 'MobileViT V2', 64, {}),
    ('edgenext_xx_small', 'EdgeNeXt', 64, {'depths': (1, 1, 1, 1)}),
    ('levit_128s', 'LeViT', 64, {'img_size': 64, 'depth': (1, 1, 1)}),
    ('poolformer_s12', 'PoolFormer', 64, {}),
    ('mixer_s32_224', 'MLP-Mixer', 64, {'img_size': 64}),
    ('gmlp_ti16_224', 'gMLP', 64, {'img_size': 64}),
    ('resmlp_12_224', 'ResMLP', 64, {'img_size': 64}),
    ('convmixer_768_32', 'ConvMixer', 32, {}),
    ('pit_ti_224', 'PiT', 64, {'img_size': 64, 'depth': (1, 1, 1)}),
    ('xcit_nano_12_p16_224', 'XCiT', 64, {'img_size': 64, 'depth': 2, 'embed_dim': 32}),
    ('cait_xxs24_224', 'CaiT', 64, {'img_size': 64, 'depth': 2, 'embed_dim': 32}),
    ('coat_lite_tiny', 'CoaT', 64, {'img_size': 64, 'serial_depths': (1, 1, 1, 1), 'embed_dims': (16, 32, 32, 32)}),
    ('crossvit_tiny_240', 'CrossViT', 240, {'depth': ((1, 1, 0), (1, 1, 0), (1, 1, 0))}),
    ('repvgg_a0', 'RepVGG', 32, {}),
    ('rexnet_100', 'ReXNet', 32, {}),
    ('res2net50_14w_8s', 'Res2Net', 32, {'layers': (1, 1, 1, 1)}),
    ('resnest14d', 'ResNeSt', 32, {'layers': (1, 1, 1, 1)}),
    ('skresnet18', 'SKNet', 32, {'layers': (1, 1, 1, 1)}),
    ('dla46_c', 'DLA', 32, {}),
    ('hrnet_w18_small', 'HRNet', 32, {}),
    ('hardcorenas_a', 'HardCoRe-NAS', 32, {}),
    ('efficientformer_l1', 'EfficientFormer', 224, {'depths': (1, 1, 1, 1)}),
    ('efficientvit_b0', 'EfficientViT (MIT)', 64, {}),
    ('efficientvit_m0', 'EfficientViT (MSRA)', 64, {'img_size': 64}),
    ('fastvit_t8', 'FastViT', 64, {'layers': (1, 1, 1, 1), 'embed_dims': (16, 32, 32, 64)}),
    ('repvit_m0_9', 'RepViT', 32, {'depth': (1, 1, 1, 1)}),
    ('tiny_vit_5m_224', 'TinyViT', 224, {'depths': (1, 1, 1, 1)}),
    ('hiera_tiny_224', 'Hiera', 64, {'img_size': (64, 64), 'stages': (1, 1, 1, 1), 'embed_dim': 16}),
    ('twins_svt_small', 'Twins', 64, {'img_size': 64, 'depths': (1, 1, 1, 1)}),
    ('pvt_v2_b0', 'PVT V2', 64, {'depths': (1, 1, 1, 1)}),
    ('nest_tiny', 'NesT', 64, {'img_size': 64, 'depths': (1, 1, 1), 'embed_dims': (16, 32, 32), 'num_heads': (2, 2, 2)}),
    ('sequencer2d_s', 'Sequencer (LSTM)', 64, {'img_size': 64, 'layers': (1, 1, 1, 1), 'embed_dims': (32, 32, 32, 32), 'hidden_sizes': (8, 8, 8, 8)}),
    ('focalnet_tiny_srf', 'FocalNet', 64, {'depths': [1, 1, 1, 1], 'embed_dim': 16}),
    ('davit_tiny', 'DaViT', 64, {'depths': (1, 1, 1, 1), 'embed_dims': (16, 32, 32, 64), 'num_heads': (1, 2, 2, 4)}),
    ('mvitv2_tiny', 'MViT V2', 64, {'img_size': 64}),
    ('swinv2_cr_tiny_224', 'Swin V2 (CR)', 64, {'img_size': 64, 'depths': (1, 1, 1, 1), 'embed_dim': 24, 'window_size': 2}),
    ('volo_d1_224', 'VOLO', 64, {'img_size': 64, 'layers': (1, 1, 1, 1), 'embed_dims': (24, 48, 48, 48), 'num_heads': (2, 4, 4, 4)}),
    ('starnet_s050', 'StarNet', 64, {}),
    ('gcvit_xxtiny', 'GCViT', 64, {'img_size': 64, 'depths': (1, 1, 1, 1), 'embed_dim': 16, 'num_heads': (2, 2, 2, 2)}),
    ('eva02_tiny_patch14_224', 'EVA-02 (rotary)', 56, {'img_size': 56, 'depth': 2}),
    ('naflexvit_base_patch16_gap', 'NaFlexViT', 64, {'depth': 2, 'embed_dim': 48, 'num_heads': 4}),
    ('csatv2', 'CSATv2', 64, {'dims': (16, 16, 32, 32), 'depths': (1, 1, 1, 1), 'transformer_depths': (0, 0, 1, 1)}),
]

# The functions of these fix depths and widths, and take no others: what they call does.
FIXED = ('nest_tiny', 'focalnet_tiny_srf', 'volo_d1_224', 'gcvit_xxtiny')


def build(name, more):
    if name not in FIXED:
        return timm.create_model(name, num_classes=10, **more)
    module = sys.modules[timm.model_entrypoint(name).__module__]
    return getattr(module, '_create_' + module.__name__.split('.')[-1])(name, num_classes=10, **more)


def families():
    entries = [(name, family, lambda name=name, more=more: build(name, more), size) for name, family, size, more in NETS]
    return pictures(entries, 'timm', both=lambda name: name.startswith('test_'))
