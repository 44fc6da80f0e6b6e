"""The post and its game: Gumbel-softmax, estimators, the two networks, one compiled epoch.

This room stands alone. Of the others it knows only the names and checks of `config`.
"""

from ..config.checks import check_backend

check_backend()
