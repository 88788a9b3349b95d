"""torchvision's classifiers, narrow and shallow where their constructors allow it."""
import torch
import torchvision.models as tv
from torch import nn
from torch_export import pictures


def head(model, features):
    """A small classifier in place of layers of 4,096, and no pooling to a fixed size, which the older exporter lacks."""
    model.avgpool = nn.Identity()
    model.classifier = nn.Sequential(nn.Dropout(), nn.Linear(features, 32), nn.ReLU(True), nn.Linear(32, 10))
    return model


def vgg(cfg, batch_norm):
    from torchvision.models.vgg import VGG, make_layers

    model = VGG(make_layers(cfg, batch_norm), num_classes=10, init_weights=False)
    return head(model, cfg[-2] * 64)


def resnet(block, **more):
    from torchvision.models import resnet as r

    return r.ResNet(getattr(r, block), [1, 1, 1, 1], num_classes=10, **more)


def efficientnet():
    from functools import partial
    from torchvision.models.efficientnet import EfficientNet, FusedMBConvConfig, MBConvConfig

    setting = [MBConvConfig(1, 3, 1, 16, 8, 1), FusedMBConvConfig(2, 3, 2, 8, 16, 1), MBConvConfig(4, 5, 2, 16, 24, 1)]
    return EfficientNet(setting, dropout=0.1, num_classes=10, last_channel=32, norm_layer=partial(nn.BatchNorm2d, eps=1e-3))


def convnext():
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    return ConvNeXt([CNBlockConfig(16, 32, 1), CNBlockConfig(32, None, 1)], num_classes=10)


def entries():
    return [
        ('alexnet', 'AlexNet', lambda: head(tv.alexnet(), 256), 64),
        ('vgg', 'VGG', lambda: vgg([8, 'M', 16, 'M', 16, 16, 'M'], False), 64),
        ('vgg-bn', 'VGG', lambda: vgg([8, 'M', 16, 'M'], True), 32),
        ('googlenet', 'GoogLeNet', lambda: tv.googlenet(num_classes=10, aux_logits=False, init_weights=False, transform_input=True), 64),
        ('inception-v3', 'Inception', lambda: tv.inception_v3(num_classes=10, aux_logits=False, init_weights=False), 96),
        ('resnet', 'ResNet', lambda: resnet('BasicBlock'), 64),
        ('resnext', 'ResNeXt', lambda: resnet('Bottleneck', groups=4, width_per_group=4), 64),
        ('wide-resnet', 'Wide ResNet', lambda: resnet('Bottleneck', width_per_group=128), 32),
        ('densenet', 'DenseNet', lambda: tv.DenseNet(growth_rate=8, block_config=(2, 2, 2), num_init_features=16, num_classes=10), 64),
        ('squeezenet', 'SqueezeNet', lambda: tv.squeezenet1_1(num_classes=10), 64),
        ('mobilenet-v2', 'MobileNetV2', lambda: tv.mobilenet_v2(width_mult=0.25, num_classes=10), 64),
        ('mobilenet-v3', 'MobileNetV3', lambda: tv.mobilenet_v3_small(width_mult=0.25, num_classes=10), 64),
        ('mnasnet', 'MNASNet', lambda: tv.mnasnet0_5(num_classes=10), 64),
        ('shufflenet-v2', 'ShuffleNetV2', lambda: tv.shufflenet_v2_x0_5(num_classes=10), 64),
        ('efficientnet', 'EfficientNet', efficientnet, 64),
        ('regnet', 'RegNet', lambda: tv.regnet_y_400mf(num_classes=10), 32),
        ('convnext', 'ConvNeXt', convnext, 64),
        ('vit', 'ViT', lambda: tv.VisionTransformer(32, 8, 2, 2, 32, 64, num_classes=10), 32),
        ('swin', 'Swin', lambda: tv.SwinTransformer([4, 4], 16, [1, 1], [2, 2], [4, 4], num_classes=10), 64),
        ('swin-v2', 'Swin V2', lambda: tv.SwinTransformer([4, 4], 16, [2, 2], [2, 2], [4, 4], num_classes=10, block=tv.swin_transformer.SwinTransformerBlockV2, downsample_layer=tv.swin_transformer.PatchMergingV2), 64),
        ('maxvit', 'MaxViT', lambda: tv.MaxVit((64, 64), 16, 4, [16, 32], [1, 1], 16, 0.0, num_classes=10), 64),
    ]


def families():
    torch.set_num_threads(1)
    return pictures(entries(), 'torchvision', both=lambda name: True)
