"""Rules of operations over the steps of sequences (batch, length, width)."""

from __future__ import annotations

from collections.abc import Sequence

from modelstudio.network.analysis import Shape
from modelstudio.network.rules.registry import Outcome, Settings, count, rule, total


@rule("torch.nn.EmbeddingBag")
def embedding_bag(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Look up a vector for each id and join those of a row."""
    wide = settings["embedding_dim"]
    return Outcome((*shapes[0][:-1], wide), settings["num_embeddings"] * wide, 0, "float")


def _recurrent(gates: int, shapes: Sequence[Shape], settings: Settings) -> Outcome:
    batch, length, _ = shapes[0]
    hidden, layers = settings["hidden_size"], settings.get("num_layers", 1)
    directions = 2 if settings.get("bidirectional", False) else 1
    inputs = [settings["input_size"], *[directions * hidden] * (layers - 1)]
    matrices = sum(directions * gates * hidden * (size + hidden) for size in inputs)
    biases = layers * directions * 2 * gates * hidden
    out: Shape = (batch, length, directions * hidden)
    if settings.get("pick", (0,))[0] == 1:
        state: Shape = (layers * directions, batch, hidden)
        out = state[settings["pick"].count(-1) :]
    return Outcome(out, matrices + biases, count((length,)) * matrices, order="steps")


@rule("torch.nn.RNN")
def rnn(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Carry a state from step to step."""
    return _recurrent(1, shapes, settings)


@rule("torch.nn.GRU")
def gru(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Carry a state from step to step, through two gates."""
    return _recurrent(3, shapes, settings)


@rule("torch.nn.LSTM")
def lstm(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Carry a state and a memory from step to step, through three gates."""
    return _recurrent(4, shapes, settings)


def _attention(wide: int, queries: Shape, keys: Shape, bias: bool) -> tuple[int, int]:
    """Return parameters and multiply-accumulates of four projections and the products between."""
    asked, told = count(queries[1:2]), count(keys[1:2])
    parameters = 4 * wide * wide + (4 * wide if bias else 0)
    return parameters, 2 * (asked + told) * wide * wide + 2 * asked * told * wide


@rule("torch.nn.MultiheadAttention")
def multihead_attention(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Let each step of the first value look at all steps of the second."""
    cost = _attention(settings["embed_dim"], shapes[0], shapes[1], settings.get("bias", True))
    return Outcome(shapes[0], *cost)


@rule("torch.nn.TransformerEncoderLayer", "torch.nn.TransformerDecoderLayer")
def transformer(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Attend to itself, to a second value if there is one, and take two weighted sums a step."""
    own = shapes[0]
    wide, inner = settings["d_model"], settings["dim_feedforward"]
    bias = settings.get("bias", True)
    costs = [_attention(wide, own, other, bias) for other in shapes]
    norms = (len(shapes) + 1) * (2 * wide if bias else wide)
    sums = 2 * wide * inner + (wide + inner if bias else 0)
    return Outcome(
        own,
        sum(parameters for parameters, _ in costs) + norms + sums,
        sum(macs for _, macs in costs) + 2 * count(own[1:2]) * wide * inner,
    )


@rule("modelstudio.engine.sequences.add_sinusoids")
def sinusoids(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Add waves that tell the steps apart."""
    return Outcome(shapes[0])


@rule("modelstudio.engine.sequences.step_numbers")
def steps(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Give each step its number, from 0."""
    return Outcome((shapes[0][1],), dtype="int")


@rule("modelstudio.engine.sequences.causal_mask")
def causal_mask(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Tell which later steps each step must not see."""
    return Outcome((shapes[0][1], shapes[0][1]))


@rule("modelstudio.engine.sequences.padding_mask")
def padding_mask(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Tell which steps are padding."""
    return Outcome(shapes[1])


@rule("modelstudio.engine.sequences.seen_first")
def seen_first(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Put steps before those of a mask."""
    batch, length = shapes[0]
    return Outcome((batch, total([settings["count"], length], "the length")))


@rule("modelstudio.engine.sequences.reduced_steps")
def reduced_steps(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Make one step of those that are not padding."""
    batch, _, *rest = shapes[0]
    return Outcome((batch, 1, *rest))


@rule("modelstudio.engine.sequences.kept_steps")
def kept_steps(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Put zeros into padding."""
    return Outcome(shapes[0])


@rule("modelstudio.engine.sequences.backward_order")
def backward_order(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Tell where the steps of each sample stand from last to first."""
    return Outcome(shapes[0])


@rule("modelstudio.engine.sequences.in_order")
def in_order(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Take the steps of each sample in another order."""
    return Outcome(shapes[0])


@rule("modelstudio.engine.sequences.last_step")
def last_step(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Take the last step that is not padding."""
    batch, _, *rest = shapes[0]
    return Outcome((batch, *rest))
