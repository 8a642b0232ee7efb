"""Modules as people write them, which the tests import; none knows of Model Studio."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class BasicBlock(nn.Module):
    def __init__(self, wide: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(wide, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride > 1:
            self.downsample = nn.Sequential(
                nn.Conv2d(wide, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.downsample is not None:
            x = self.downsample(x)
        y += x
        return self.relu(y)


class ResNet(nn.Module):
    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(3, 2, 1))
        self.layer1 = nn.Sequential(BasicBlock(8, 8, 1), BasicBlock(8, 16, 2))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(torch.flatten(self.pool(self.layer1(self.stem(x))), 1))


def double(wide: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(wide, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU())


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = double(1, 4), double(4, 8)
        self.up = nn.ConvTranspose2d(8, 4, 2, 2)
        self.smooth = nn.Upsample(scale_factor=2, mode="bilinear")
        self.join, self.out = double(16, 4), nn.Conv2d(4, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        return self.out(self.join(torch.cat([a, self.up(b), self.smooth(b)], 1)))


class TextClassifier(nn.Module):
    def __init__(self, words: int = 50) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, 8)
        self.lstm = nn.LSTM(8, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(12, 3)

    def forward(self, ids: Tensor) -> Tensor:
        _, (h, _) = self.lstm(self.embed(ids))
        return self.fc(torch.cat((h[-2], h[-1]), dim=1))


class GruTagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.gru = nn.Embedding(50, 8), nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 3)

    def forward(self, ids: Tensor) -> Tensor:
        steps, last = self.gru(self.embed(ids))
        return self.fc(steps.mean(dim=1) + last[-1])


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.places = nn.Parameter(torch.randn(1, 16, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm, self.fc = nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, ids: Tensor) -> Tensor:
        return self.fc(self.norm(self.encoder(self.embed(ids) + self.places))[:, 0])


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, steps, width = x.shape
        parts = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (
            p.view(batch, steps, self.heads, width // self.heads).transpose(1, 2) for p in parts
        )
        scores = (q @ k.transpose(-2, -1)) / (width // self.heads) ** 0.5
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, steps, width)
        return self.proj(mixed)


class VisionTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 4, 4)
        self.norm, self.attn = nn.LayerNorm(8), Attention(8, 2)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = x + self.attn(self.norm(x))
        return self.head(x.mean(1))


class MobileNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)
        self.depthwise = nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.pointwise, self.squeeze = nn.Conv2d(8, 16, 1), nn.Conv2d(16, 16, 1)
        self.act, self.drop = nn.Hardswish(), nn.Dropout(0.2)
        self.classifier = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.pointwise(self.depthwise(F.relu6(self.conv(x)))))
        x = x * torch.sigmoid(self.squeeze(F.adaptive_avg_pool2d(x, 1)))
        return self.classifier(self.drop(x.mean([2, 3])))


class TwoTowers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.users, self.items = nn.Embedding(20, 4), nn.Embedding(30, 4)
        self.facts, self.mix = nn.Linear(3, 4), nn.Linear(5, 1)

    def forward(self, user: Tensor, item: Tensor, facts: Tensor) -> Tensor:
        likes = (self.users(user) * self.items(item)).sum(1, keepdim=True)
        return self.mix(torch.cat([likes, self.facts(facts)], 1))


class Tabular(nn.Sequential):
    def __init__(self, width: int = 7) -> None:
        super().__init__(
            nn.Linear(width, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 1)
        )


class Causal(nn.Module):
    """A language model of one block, as GPT is written."""

    def __init__(self, words: int = 30, width: int = 8, heads: int = 2, longest: int = 32) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, width), nn.Embedding(longest, width)
        self.norm, self.qkv = nn.LayerNorm(width), nn.Linear(width, 3 * width)
        self.proj, self.head = nn.Linear(width, width), nn.Linear(width, words)
        self.heads, self.width = heads, width
        self.register_buffer("mask", torch.tril(torch.ones(1, 1, longest, longest)))

    def forward(self, ids: Tensor) -> Tensor:
        batch, steps = ids.size()
        x = self.words(ids) + self.places(torch.arange(steps))
        q, k, v = self.qkv(self.norm(x)).split(self.width, dim=2)
        shape = (batch, steps, self.heads, self.width // self.heads)
        q, k, v = (part.view(*shape).transpose(1, 2) for part in (q, k, v))
        scores = q @ k.transpose(-2, -1) * shape[-1] ** -0.5
        scores = scores.masked_fill(self.mask[:, :, :steps, :steps] == 0, float("-inf"))
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).contiguous().view(batch, steps, self.width)
        return self.head(x + self.proj(mixed))


class SignalCoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Conv1d(2, 8, 5, 2, 2), nn.LeakyReLU(0.1), nn.GroupNorm(4, 8))
        self.decode = nn.Sequential(nn.ConvTranspose1d(8, 2, 4, 2, 1), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class Volumes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv3d(1, 4, 3, padding=1), nn.BatchNorm3d(4)
        self.pool, self.fc = nn.MaxPool3d(2), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.silu(self.norm(self.conv(x))))
        return F.log_softmax(self.fc(x.mean(dim=(2, 3, 4))), dim=1)


class TwoAnswers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.kind, self.amount = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = F.dropout(F.gelu(self.trunk(x)), 0.1, self.training)
        return {"kind": self.kind(x), "amount": self.amount(x)}


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.same = nn.Embedding(40, 8), nn.Linear(8, 8)
        self.out = nn.Linear(8, 40, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.out(self.same(self.same(self.embed(ids))))


class TiedByFunction(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.fc = nn.Embedding(40, 8), nn.Linear(8, 8)

    def forward(self, ids: Tensor) -> Tensor:
        return F.linear(self.fc(self.embed(ids)), self.embed.weight)


class Siamese(nn.Module):
    """Two pictures go through the same layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc, self.out = nn.Conv2d(3, 4, 3), nn.Linear(4, 5), nn.Linear(5, 1)

    def side(self, x: Tensor) -> Tensor:
        return self.fc(torch.relu(self.conv(x)).mean((2, 3)))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.out((self.side(a) - self.side(b)).abs())


class LineReader(nn.Module):
    """Reads a line of writing from left to right, the steps first; states begin at zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.lstm = nn.Conv1d(3, 6, 3), nn.LSTM(6, 5, bidirectional=True)
        self.gru, self.out = nn.GRU(10, 7), nn.Linear(7, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.conv(x)).permute(2, 0, 1)
        zeros = torch.zeros(2, x.size(1), 5, device=x.device)
        x, _ = self.lstm(x, (zeros, zeros.clone()))
        x, _ = self.gru(x)
        return F.log_softmax(self.out(x), dim=-1)


class StepsFirst(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.lstm, self.out = nn.Embedding(20, 4), nn.LSTM(4, 5), nn.Linear(5, 3)

    def forward(self, ids: Tensor) -> Tensor:
        steps, _ = self.lstm(self.embed(ids))
        return self.out(steps)


class Translator(nn.Module):
    """Takes the steps first, as torch's Transformer does unless told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.others = nn.Embedding(20, 8), nn.Embedding(30, 8)
        self.transformer = nn.Transformer(8, 2, 1, 1, 16)
        self.out = nn.Linear(8, 30)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        return self.out(self.transformer(self.words(source), self.others(target)))


class Sensor(nn.Module):
    """Steps first; its path depends on a size."""

    def __init__(self) -> None:
        super().__init__()
        self.widen = nn.Linear(5, 8)
        self.lstm, self.out = nn.LSTM(8, 6, bidirectional=True), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        if x.size(2) != 5:
            raise ValueError("It takes five numbers a step.")
        return self.out(self.lstm(self.widen(x))[0].mean(0))


class MaskedWords(nn.Module):
    """BERT's head: the table of words once more, with a shift of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.dense, self.norm = nn.Embedding(40, 8), nn.Linear(8, 8), nn.LayerNorm(8)
        self.decoder = nn.Linear(8, 40)
        self.decoder.weight = self.embed.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.decoder(self.norm(F.gelu(self.dense(self.embed(ids)))))


class Factors(nn.Module):
    """A recommender whose answer is one number a sample, without an axis of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.users, self.items = nn.Embedding(10, 4), nn.Embedding(12, 4)
        self.user_shift, self.item_shift = nn.Embedding(10, 1), nn.Embedding(12, 1)

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        fit = (self.users(user) * self.items(item)).sum(1)
        return fit + self.user_shift(user).squeeze() + self.item_shift(item).squeeze(1)


class Plain(nn.Module):
    """Weights that are made of others, pruned or of another precision; a squeezed answer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 4, 3))
        self.fc = nn.utils.spectral_norm(nn.Linear(4, 4))
        self.out = nn.utils.prune.l1_unstructured(nn.Linear(4, 1), "weight", 0.5)
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.out(self.fc(self.conv(x).mean(2)))).squeeze(-1)


class LastStep(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.out = nn.LSTM(4, 5, batch_first=True), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        state = torch.zeros(1, x.size(0), 5), torch.zeros(1, x.size(0), 5)
        steps, _ = self.lstm(x, state)
        return self.out(steps[:, -1, :])


class Formulas(nn.Module):
    """Steps that people write out with functions of torch."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.scale = nn.Linear(4, 4), nn.Parameter(torch.rand(4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc(x)
        x = self.scale * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))
        a = torch.exp(-(x**2)) + torch.sin(x) * torch.cos(x) + torch.erf(x)
        b = torch.log(x.abs() + 1).sqrt() / (1 + x * x) + 1 / (2 + x.square())
        return torch.cat([a.clamp(min=0.1), b.clamp(max=0.3), x.clamp(-0.5, 0.5), a + a], 1)


class Branching(nn.Module):
    """Its path and the number of its steps depend on sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        if len(x.shape) == 2 and x.size(1) == 4:
            x = self.fc(x)
        for number in range(x.shape[1] - 2):
            x = torch.relu(x) + number
        return x


class Spectral(nn.Module):
    """Takes a step that no block stands for."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.fft(self.fc(x)).real


class Failing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("I never work")


class NoModule:
    pass


class ClassToken(nn.Module):
    """A learned step before the others, on which the answer is read."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(12, 16)
        self.token = nn.Parameter(torch.randn(1, 1, 16))
        self.head = nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.project(x)
        token = self.token.expand(x.shape[0], -1, -1)
        return self.head(torch.cat([token, x], dim=1).mean(1))


class Padded(nn.Module):
    """Attention that leaves out padding, in each of torch's modules that can."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 16)
        self.attend = nn.MultiheadAttention(16, 4, batch_first=True)
        layer = nn.TransformerEncoderLayer(16, 2, 24, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoderLayer(16, 2, 24, batch_first=True)
        self.head = nn.Linear(16, 2)

    def forward(self, ids: Tensor) -> Tensor:
        padding = ids == 0
        x = self.words(ids)
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        y, _ = self.attend(x, x, x, key_padding_mask=padding, attn_mask=later)
        memory = self.encoder(y, src_key_padding_mask=~(ids != 0))
        y = self.decoder(y, memory, tgt_mask=later, memory_key_padding_mask=padding)
        return self.head(y.mean(1))


class Einstein(nn.Module):
    """Attention written as sums over letters, the keys and values shared by heads."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 16)
        self.queries, self.shared = nn.Linear(16, 16), nn.Linear(16, 16)
        self.weigh = nn.Linear(16, 1)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.words(ids)
        batch, steps, _ = x.shape
        queries = self.queries(x).view(batch, steps, 4, 4)
        keys, values = self.shared(x).view(batch, steps, 2, 8).chunk(2, -1)
        keys, values = (part.repeat_interleave(2, dim=2) for part in (keys, values))
        scores = torch.einsum("bqhd,bkhd->bhqk", queries, keys) / 2
        x = torch.einsum("bhqk,bkhd->bqhd", scores.softmax(-1), values).flatten(2)
        shares = self.weigh(x).squeeze(-1).softmax(1)
        return torch.einsum("bt,btd->bd", shares, x)
