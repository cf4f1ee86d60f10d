"""Every case runs twice, each time in a process of its own: on stock torch, and with the fast path installed.

All that a notebook could notice must be equal: values, dtype, shape, strides, errors, warnings, and what the
random number generators hold afterwards.
"""

from __future__ import annotations

import hashlib
import os
import random
import warnings
from collections import Counter

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Sampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    dataloader,
    default_collate,
    random_split,
)
from torch.utils.data._utils import collate, fetch
from torchvision import datasets, transforms
from torchvision.transforms import functional, v2

from grader.kernel.inside import dataroot, fastdata

FAST, SLOW, MIXED = {}, {}, {}
"""Cases that reach the original code never, always, and now and then."""

ToTensor, Normalize, Compose, Lambda = (
    transforms.ToTensor,
    transforms.Normalize,
    transforms.Compose,
    transforms.Lambda,
)


def case(table):
    def add(function):
        table[function.__name__] = function
        return function

    return add


# What the tables below draw from


def standardised(*means_and_stds):
    return Compose([ToTensor(), *(Normalize(mean, std) for mean, std in means_and_stds)])


class Reversed(Sampler):
    def __init__(self, dataset):
        self.size = len(dataset)

    def __iter__(self):
        return iter(range(self.size - 1, -1, -1))

    def __len__(self):
        return self.size


class Stream(IterableDataset):
    def __init__(self, dataset):
        self.dataset = dataset

    def __iter__(self):
        return (self.dataset[i] for i in range(100))


class Halved(datasets.FashionMNIST):
    def __getitem__(self, index):
        image, target = super().__getitem__(index)
        return image / 2, target


class Batched(datasets.FashionMNIST):
    def __getitems__(self, indices):
        return [self[i] for i in reversed(indices)]


class OwnToTensor(ToTensor):
    def __call__(self, image):
        return super().__call__(image) * 2


class CallCount(TorchFunctionMode):
    calls = 0

    def __torch_function__(self, function, _, args=(), kwargs=None):
        self.calls += 1
        return function(*args, **(kwargs or {}))


def epochs(dataset, count=1, **options):
    options = {"batch_size": 64, "shuffle": "sampler" not in options, **options}
    loader = DataLoader(dataset, **options)
    for _ in range(count):
        yield from loader


# The fast path serves all of it


@case(FAST)
def three_epochs(make):
    yield from epochs(make(), 3)


@case(FAST)
def in_order(make):
    yield from epochs(make(train=False), shuffle=False)


@case(FAST)
def compose_of_one(make):
    yield from epochs(make(Compose([ToTensor()])))


@case(FAST)
def normalize_with_tuples(make):
    yield from epochs(make(standardised(((0.5,), (0.5,)))))


@case(FAST)
def normalize_with_lists(make):
    yield from epochs(make(standardised(([0.2860], [0.3530]))))


@case(FAST)
def normalize_with_integers(make):
    yield from epochs(make(standardised(((0,), (1,)))))


@case(FAST)
def normalize_twice(make):
    yield from epochs(make(standardised(((0.1307,), (0.3081,)), ([0.5], [-2.0]))))


@case(FAST)
def drop_last_with_generator(make):
    generator = torch.Generator().manual_seed(7)
    yield from epochs(make(), 2, drop_last=True, generator=generator)
    yield generator.get_state()


@case(FAST)
def random_parts(make):
    for part in random_split(make(), [150, 42]):
        yield from epochs(part)


@case(FAST)
def nested_subsets(make):
    yield from epochs(Subset(Subset(make(), range(5, 150)), np.arange(100)[::-1]))


@case(FAST)
def pixels_changed_in_place(make):
    dataset = make()
    yield from epochs(dataset)
    dataset.data.numpy()[:, 10:20] //= 2
    dataset.targets += 1
    yield from epochs(dataset)


@case(FAST)
def part_of_a_data_set(make):
    dataset = make()
    dataset.data, dataset.targets = dataset.data[::2, 3:, :5].transpose(1, 2), dataset.targets[::2]
    yield from epochs(dataset)


@case(FAST)
def double_by_default(make):
    torch.set_default_dtype(torch.float64)
    yield from epochs(make(standardised(((0.1307,), (0.3081,)))))


@case(FAST)
def half_by_default(make):
    torch.set_default_dtype(torch.float16)
    yield from epochs(make(standardised(((0.1307,), (0.3081,)))))


@case(FAST)
def bfloat16_by_default(make):
    torch.set_default_dtype(torch.bfloat16)
    yield from epochs(make())


@case(FAST)
def subset_sampler(make):
    yield from epochs(make(), 2, sampler=SubsetRandomSampler(range(20, 120)))


@case(FAST)
def subset_sampler_of_numpy_integers(make):
    yield from epochs(make(), 2, sampler=SubsetRandomSampler(np.arange(20, 120)))


@case(FAST)
def weighted_sampler(make):
    weights = torch.arange(192, dtype=torch.float64)
    yield from epochs(make(), 2, sampler=WeightedRandomSampler(weights, 200))


@case(FAST)
def own_sampler(make):
    dataset = make()
    yield from epochs(dataset, sampler=Reversed(dataset))


@case(FAST)
def own_batch_sampler(make):
    batches = BatchSampler(Reversed(make()), 50, drop_last=False)
    yield from DataLoader(make(), batch_sampler=batches)


@case(FAST)
def batches_of_one(make):
    yield from epochs(make(), batch_size=1)


@case(FAST)
def one_batch(make):
    yield from epochs(make(), batch_size=10_000)


@case(FAST)
def inference_mode(make):
    with torch.inference_mode():
        yield from epochs(make(standardised(((0.5,), (0.5,)))))


@case(FAST)
def no_grad(make):
    with torch.no_grad():
        yield from epochs(make())


@case(FAST)
def first_batches_of_many_iterators(make):
    loader = DataLoader(make(), batch_size=32, shuffle=True)
    for _ in range(4):
        yield next(iter(loader))
        yield torch.rand(2)


@case(FAST)
def two_iterators_in_turn(make):
    loader = DataLoader(make(), batch_size=32, shuffle=True)
    for pair in zip(loader, loader, strict=True):
        yield list(pair)


@case(FAST)
def batches_are_no_views(make):
    dataset = make()
    for images, labels in epochs(dataset):
        images.fill_(1)
        labels.fill_(1)
    yield from (dataset.data, dataset.targets)


@case(FAST)
def tensors(make):
    dataset = make()
    yield from epochs(TensorDataset(dataset.data, dataset.data.double().transpose(1, 2), dataset.targets))


@case(FAST)
def flat_tensors(make):
    dataset = make()
    yield from epochs(TensorDataset(dataset.data.view(-1, 784).float() / 255, dataset.targets > 4))


@case(FAST)
def workers(make):
    yield from epochs(make(), 2, num_workers=2)


@case(FAST)
def workers_for_a_part(make):
    part, _ = random_split(make(standardised(((0.5,), (0.5,)))), [150, 42])
    yield from epochs(part, num_workers=1, prefetch_factor=3)


@case(FAST)
def workers_and_random_numbers_between_batches(make):
    loader = DataLoader(make(), batch_size=16, shuffle=True, num_workers=2)
    batches = iter(loader)
    yield torch.rand(3)
    for batch in batches:
        yield batch
        yield torch.rand(3)


@case(FAST)
def workers_and_a_generator(make):
    generator = torch.Generator().manual_seed(1)
    sampler = torch.utils.data.RandomSampler(range(192), replacement=True, generator=generator)
    for batch in DataLoader(make(), batch_size=10, sampler=sampler, num_workers=1, generator=generator):
        yield batch
        yield torch.rand(2, generator=generator)


@case(FAST)
def workers_for_tensors(make):
    dataset = make()
    yield from epochs(TensorDataset(dataset.data, dataset.targets), num_workers=1, drop_last=True)


@case(FAST)
def more_workers_than_sense(make):
    yield from epochs(make(), num_workers=os.cpu_count() + 1)


# Nothing of it is plain: the original code must do it, and be left alone


@case(SLOW)
def no_transform(make):
    yield from epochs(make(None))


@case(SLOW)
def class_instead_of_transform(make):
    yield from epochs(make(ToTensor))


@case(SLOW)
def normalize_of_three_channels(make):
    yield from epochs(make(standardised(((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)))))


@case(SLOW)
def normalize_by_zero(make):
    yield from epochs(make(standardised(((0.5,), (0.0,)))))


@case(SLOW)
def normalize_by_almost_zero(make):
    yield from epochs(make(standardised(((0.5,), (1e-60,)))))


@case(SLOW)
def normalize_by_tensors(make):
    yield from epochs(make(standardised((torch.tensor([0.5]), torch.tensor([0.5])))))


@case(SLOW)
def normalize_by_a_number(make):
    yield from epochs(make(standardised((0.5, 0.5))))


@case(SLOW)
def normalize_first(make):
    yield from epochs(make(Compose([Normalize((0.5,), (0.5,)), ToTensor()])))


@case(SLOW)
def normalize_with_a_hook(make):
    transform = standardised(((0.5,), (0.5,)))
    transform.transforms[1].register_forward_hook(lambda _, __, image: image + 1)
    yield from epochs(make(transform))


@case(SLOW)
def normalize_with_its_own_forward(make):
    transform = standardised(((0.5,), (0.5,)))
    transform.transforms[1].forward = torch.flip
    transform.transforms[1].forward = lambda image: image.flip(0, 1)
    yield from epochs(make(transform))


@case(SLOW)
def to_tensor_of_the_students(make):
    yield from epochs(make(OwnToTensor()))


@case(SLOW)
def random_augmentation(make):
    yield from epochs(make(Compose([transforms.RandomRotation(9), transforms.RandomCrop(24), ToTensor()])))


@case(SLOW)
def flattened_by_a_lambda(make):
    yield from epochs(make(Compose([ToTensor(), Lambda(lambda image: image.view(-1))])))


@case(SLOW)
def second_version_of_transforms(make):
    yield from epochs(make(v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])))


@case(SLOW)
def target_transform(make):
    yield from epochs(make(target_transform=lambda label: label % 2))


@case(SLOW)
def targets_as_a_list(make):
    dataset = make()
    dataset.targets = dataset.targets.tolist()
    yield from epochs(dataset)


@case(SLOW)
def targets_as_bytes(make):
    dataset = make()
    dataset.targets = dataset.targets.to(torch.uint8)
    yield from epochs(dataset)


@case(SLOW)
def pixels_as_floats(make):
    dataset = make()
    dataset.data = dataset.data.float()
    yield from epochs(dataset)


@case(SLOW)
def pixels_as_an_array(make):
    dataset = make()
    dataset.data = dataset.data.numpy()
    yield from epochs(dataset)


@case(SLOW)
def empty_pixels(make):
    dataset = make()
    dataset.data = dataset.data[:, :0]
    yield from epochs(dataset)


@case(SLOW)
def own_items(make):
    yield from epochs(make(family=Halved))


@case(SLOW)
def own_batches_of_items(make):
    yield from epochs(make(family=Batched))


@case(SLOW)
def own_batches_of_one_instance(make):
    dataset = make()
    dataset.__getitems__ = lambda indices: [dataset[0] for _ in indices]
    yield from epochs(dataset)


@case(SLOW)
def own_batches_of_one_subset(make):
    subset = Subset(make(), range(100))
    subset.__getitems__ = lambda indices: [subset.dataset[0] for _ in indices]
    yield from epochs(subset)


@case(SLOW)
def to_tensor_monkeypatched(make):
    ToTensor.__call__ = lambda _, image: functional.to_tensor(image) + 1
    yield from epochs(make())


@case(SLOW)
def function_monkeypatched(make):
    functional.to_tensor = lambda image: torch.from_numpy(np.array(image)[None])
    yield from epochs(make())


@case(SLOW)
def items_monkeypatched(make):
    datasets.MNIST.__getitem__ = lambda self, index: (self.data[index] * 2, 0)
    yield from epochs(make())


@case(SLOW)
def subset_monkeypatched(make):
    Subset.__getitems__ = lambda self, indices: [self.dataset[i] for i in indices]
    yield from epochs(Subset(make(), range(50, 150)))


@case(SLOW)
def another_collate_for_tensors(make):
    collate.default_collate_fn_map[torch.Tensor] = lambda batch, **_: torch.stack(batch) + 1
    yield from epochs(make())


@case(SLOW)
def own_collate(make):
    yield from epochs(make(), collate_fn=lambda samples: [labels for _, labels in samples])


@case(SLOW)
def own_collate_around_the_default(make):
    yield from epochs(make(), collate_fn=lambda samples: default_collate(samples)[::-1])


@case(SLOW)
def samples_without_batches(make):
    yield from epochs(make(), batch_size=None)


@case(SLOW)
def negative_indices(make):
    yield from epochs(make(), sampler=[-1, -2, 3])


@case(SLOW)
def indices_in_tensors(make):
    yield from epochs(Subset(make(), torch.arange(100)))


@case(SLOW)
def booleans_as_indices(make):
    yield from epochs(make(), sampler=[True, False, True])


@case(SLOW)
def index_out_of_range(make):
    yield from epochs(make(), sampler=[3, 5000])


@case(SLOW)
def empty_batch(make):
    yield from DataLoader(make(), batch_sampler=[[]])


@case(SLOW)
def batch_of_a_tuple(make):
    yield from DataLoader(make(), batch_sampler=[(1, 2, 3)])


@case(SLOW)
def tensors_that_require_grad(make):
    dataset = make()
    yield from epochs(TensorDataset(dataset.data.float().requires_grad_(), dataset.targets))


@case(SLOW)
def tensor_subclass(make):
    dataset = make()
    yield from epochs(TensorDataset(dataset.data.as_subclass(torch.nn.Buffer), dataset.targets))


@case(SLOW)
def both_splits_concatenated(make):
    yield from epochs(ConcatDataset([make(), make(train=False)]))


@case(SLOW)
def default_device(make):
    torch.set_default_device("cpu")
    yield from epochs(make())


@case(SLOW)
def mode_that_counts_calls(make):
    with CallCount() as counted:
        yield from epochs(make())
    yield counted.calls


@case(SLOW)
def another_data_set(make):
    class Squares(Dataset):
        def __len__(self):
            return 10

        def __getitem__(self, index):
            return index**2, str(index)

    make()
    yield from epochs(Squares())


@case(SLOW)
def workers_that_persist(make):
    yield from epochs(make(), 2, num_workers=1, persistent_workers=True, prefetch_factor=4)


@case(SLOW)
def workers_that_augment(make):
    transform = Compose([ToTensor(), Lambda(lambda image: image + torch.rand(1))])
    yield from epochs(make(transform), num_workers=1)


@case(SLOW)
def workers_with_an_initialiser(make):
    yield from epochs(make(), num_workers=1, worker_init_fn=print)


@case(SLOW)
def workers_and_own_batches(make):
    yield from DataLoader(make(), num_workers=1, batch_sampler=[[5, 6], [1, 2]])


@case(SLOW)
def workers_for_nothing(make):
    yield from DataLoader(Subset(make(), []), batch_size=4, num_workers=1)


@case(SLOW)
def workers_on_more_than_there_is(make):
    try:
        yield from DataLoader(Subset(Subset(make(), [1]), [5, 6]), batch_size=2, num_workers=1)
    except IndexError as error:
        told = str(error)
    yield "worker process 0" in told


# Plain at first


@case(MIXED)
def stream(make):
    yield from DataLoader(Stream(make()), batch_size=32)


@case(MIXED)
def pinned_memory(make):
    yield from epochs(make(), pin_memory=True)


@case(MIXED)
def collate_monkeypatched_midway(make):
    batches = epochs(make(), 2)
    yield next(batches)
    collate.default_collate_fn_map[int] = lambda batch, **_: torch.tensor(batch) * 100
    yield from batches


@case(MIXED)
def transform_replaced_after_the_loader_was_made(make):
    dataset = make()
    loader = DataLoader(dataset, batch_size=50, shuffle=True)
    yield from loader
    dataset.transform = standardised(((0.5,), (0.5,)))
    yield from loader
    dataset.transform = Lambda(lambda image: torch.from_numpy(np.array(image)))
    yield from loader


@case(MIXED)
def pixels_replaced_by_floats_midway(make):
    dataset = make()
    batches = epochs(dataset)
    yield next(batches)
    dataset.data = dataset.data.float()
    yield from batches


# The comparison


def noticed(value):
    """All that a notebook could notice of a value, in a form that can be compared across processes."""
    if isinstance(value, torch.Tensor):
        plain = value.detach()
        content = plain.reshape(-1).view(torch.uint8).numpy().tobytes()
        return (
            type(value).__name__,
            hashlib.sha256(content).hexdigest(),
            str(value.dtype),
            tuple(value.shape),
            value.stride(),
            str(value.device),
            value.requires_grad,
            value.is_inference(),
        )
    if isinstance(value, list | tuple):
        return type(value).__name__, [noticed(part) for part in value]
    return repr(value)


def count_calls(owner, name, calls):
    original = getattr(owner, name)

    def counted(*arguments):
        calls[name] += 1
        return original(*arguments)

    setattr(owner, name, counted)


def observed(name, installed, context):
    """What the case yields, raises and warns of, and how often it reached the original code."""
    originals = Counter()
    count_calls(fetch._MapDatasetFetcher, "fetch", originals)
    count_calls(dataloader._MultiProcessingDataLoaderIter, "__init__", originals)
    if installed:
        fastdata.install({}, None)
    dataroot.install({}, context)
    run_case = {**FAST, **SLOW, **MIXED}[name]

    def make(transform=ToTensor(), family=datasets.FashionMNIST, **options):  # noqa: B008 - one for all is right
        return family("data", transform=transform, **options)

    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002 - the global state is what is compared
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seen = []
        try:
            seen.extend(noticed(value) for value in run_case(make))
        except Exception as error:  # noqa: BLE001 - the error is what is compared
            seen.append(f"{type(error).__name__}: {error}")
    state = (noticed(torch.get_rng_state()), repr(random.getstate()), repr(np.random.get_state()))  # noqa: NPY002
    return (seen, [str(warning.message) for warning in caught], state), originals.total()


@pytest.mark.parametrize("name", [*FAST, *SLOW, *MIXED])
def test_nothing_can_be_told_apart(alone, context, name):
    stock, _ = alone(observed, name, False, context)
    fast, originals = alone(observed, name, True, context)
    assert fast == stock
    if name in FAST:
        assert originals == 0
    if name in SLOW:
        assert originals > 0
