"""Audio classifiers of Hugging Face transformers, from configs made small, and recurrent ones in plain PyTorch."""
import numpy as np
import torch
import transformers as hf
from torch import nn
from torch_export import export, in_turn

WAVE = {'hidden_size': 32, 'num_hidden_layers': 1, 'num_attention_heads': 2, 'intermediate_size': 32, 'conv_dim': (16, 16), 'conv_stride': (5, 4), 'conv_kernel': (10, 4), 'num_conv_pos_embeddings': 8, 'num_conv_pos_embedding_groups': 2, 'classifier_proj_size': 16, 'num_labels': 4}

NETS = [
    ('Wav2Vec2', 'Wav2Vec2', WAVE, (1, 800)),
    ('Hubert', 'HuBERT', WAVE, (1, 800)),
    ('WavLM', 'WavLM', WAVE, (1, 800)),
    ('SEW', 'SEW', {**WAVE, 'squeeze_factor': 2}, (1, 800)),
    ('Whisper', 'Whisper', {'d_model': 32, 'encoder_layers': 1, 'decoder_layers': 1, 'encoder_attention_heads': 2, 'decoder_attention_heads': 2, 'encoder_ffn_dim': 32, 'decoder_ffn_dim': 32, 'num_mel_bins': 16, 'max_source_positions': 20, 'num_labels': 4, 'classifier_proj_size': 16, 'vocab_size': 64, 'pad_token_id': 0, 'bos_token_id': 1, 'eos_token_id': 2, 'decoder_start_token_id': 3}, (1, 16, 40)),
    ('AST', 'Audio Spectrogram Transformer', {'hidden_size': 32, 'num_hidden_layers': 1, 'num_attention_heads': 2, 'intermediate_size': 32, 'max_length': 48, 'num_mel_bins': 32, 'num_labels': 4}, (1, 48, 32)),
]


class Recurrent(nn.Module):
    def __init__(self, kind, **more):
        super().__init__()
        self.layers = kind(6, 8, 2, batch_first=True, **more)
        self.head = nn.Linear(16 if more else 8, 3)

    def forward(self, x):
        return self.head(self.layers(x)[0][:, -1])


class Depthwise(nn.Module):
    """Temporal convolutions, dilated, as of keyword spotting."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv1d(6, 16, 3, dilation=2), nn.PReLU(16), nn.Conv1d(16, 16, 3, groups=16, stride=2), nn.BatchNorm1d(16), nn.Mish(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(16, 4))

    def forward(self, x):
        return self.body(x)


PLAIN = [
    ('LSTM', 'LSTM, bidirectional', lambda: Recurrent(nn.LSTM, bidirectional=True), (1, 10, 6)),
    ('GRU', 'GRU', lambda: Recurrent(nn.GRU), (1, 10, 6)),
    ('RNN', 'RNN', lambda: Recurrent(nn.RNN), (1, 10, 6)),
    ('TCN', 'Temporal convolutions', Depthwise, (1, 6, 24)),
]


def array(model, shape, exporter, folder):
    """An example input lies beside the model."""
    x = torch.randn(shape)
    np.save(folder / 'x.npy', x.numpy())
    return export(model, [x], ['x'], folder / 'model.onnx', exporter, {'x': {0: 'batch'}})


def families():
    made = [(f'transformers {p}', family, lambda p=p, s=s: getattr(hf, 'ASTForAudioClassification' if p == 'AST' else f'{p}ForSequenceClassification' if p != 'Whisper' else 'WhisperForAudioClassification')(getattr(hf, f'{p}Config')(attn_implementation='eager', **s)), shape) for p, family, s, shape in NETS]
    for name, family, build, shape, exporter in in_turn(made + [(f'torch {n}', f, b, s) for n, f, b, s in PLAIN], both=lambda name: name.startswith('torch')):
        yield (f'{name} ({exporter})', family, f'PyTorch {exporter}', 'tensor',
               lambda folder, b=build, s=shape, e=exporter: array(b(), s, e, folder))
