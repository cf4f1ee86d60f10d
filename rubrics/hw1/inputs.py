"""What goes into the probes of homework 1. Drawn outside the kernel, which never learns what is right.

`INPUTS` maps a probe to a generator: it yields what goes in, and is sent what came back.
"""

PICTURES = 300
"""So many of the first test images: one for each point of the largest loader."""
CLASSES = 10
APART = 0.03
"""How far the right accuracy is from what the usual mistakes give, so that no rounding can hide them."""


def evaluate(draw):
    """First what the network makes of pictures, then loaders of them, labelled so that it is right at will."""
    pictures = draw.sample(range(PICTURES), PICTURES)
    answer = yield {"pictures": pictures}
    predicted = classes(answer)
    if predicted is not None:
        known = dict(zip(pictures, predicted, strict=True))
        yield {"loaders": {name: loader(draw, known, *each) for name, each in loaders(draw).items()}}


def classes(answer):
    """The class of each picture; None if the answer is not that."""
    predicted = answer["predicted"]
    seen = predicted.numbers if predicted is not None else None
    if seen is None or len(seen) != PICTURES or not all(one in range(CLASSES) for one in seen):
        return None
    return [int(one) for one in seen]


def loaders(draw):
    """By name: the batch size, and for each batch its size and how many of its points are to be right."""
    several = draw.randint(3, 5)
    return {
        "many batches, the last one ragged": (64, ragged(draw)),
        "first batch right, the rest wrong": (50, [(50, 50), *[(50, 0)] * several]),
        "first batch wrong, the rest right": (32, [(32, 0), *[(32, 32)] * several]),
        "one batch": (100, [(100, draw.randint(11, 89))]),
        "batches of one": (1, [(1, right) for right in bits(draw, draw.randint(6, 9))]),
        "very many batches": (2, [(2, 2)] * 12 + [(2, 0)] * draw.randint(100, 120)),
        "all right": (64, [(64, 64), (64, 64)]),
        "all wrong": (64, [(64, 0), (64, 0)]),
    }


def ragged(draw):
    """Four batches of 64 and a smaller one, of which neither one batch nor a mean of means gives the accuracy."""
    while True:
        batches = [(size, draw.randint(0, size)) for size in (64, 64, 64, 64, draw.randint(15, 30))]
        points, right = (sum(numbers) for numbers in zip(*batches, strict=True))
        shares = [hits / size for size, hits in batches]
        mistaken = (shares[0], shares[-1], sum(shares) / len(shares), right / (64 * len(batches)))
        if all(abs(right / points - one) > APART for one in mistaken):
            return batches


def bits(draw, count):
    """Zeros and ones, both of them."""
    return draw.sample([0, 1, *draw.choices([0, 1], k=count - 2)], count)


def loader(draw, known, batch, batches):
    """Pictures and their labels, in order; `known` are the classes that the network finds."""
    wanted = [place < right for size, right in batches for place in range(size)]
    pictures = draw.sample(sorted(known), len(wanted))
    labels = [
        known[picture] if right else (known[picture] + draw.randint(1, CLASSES - 1)) % CLASSES
        for picture, right in zip(pictures, wanted, strict=True)
    ]
    return {"batch": batch, "pictures": pictures, "labels": labels}


INPUTS = {"evaluate": evaluate}
"""Part 4.6."""
