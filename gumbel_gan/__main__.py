"""`python -m gumbel_gan`: the commands there are."""

from . import benchmark, gradients, plot, sample, study, train

for command in (train, sample, plot, gradients, study, benchmark):
    print((command.__doc__ or "").partition("\n")[0].replace("`", ""))
