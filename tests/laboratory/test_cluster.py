import os
import signal
import threading
import time
from pathlib import Path

import distributed
import numpy as np
import pytest

from gumbel_gan import study

from ..conftest import Refused

STUDY = "base: {runs: 2, epochs: 8, training: {batches: 20}}\nvary: {temperature: [0.1, 0.5, 1.0, 2.0]}"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of what Dask and asyncio say as their workers go
def test_a_worker_that_dies_costs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    path, here, there = str(tmp_path / "study.yaml"), tmp_path / "here", tmp_path / "there"
    study.main([path, "--output", str(here), "--quiet"])
    with distributed.Client(
        n_workers=2, threads_per_worker=1, memory_limit=None, dashboard_address=None
    ) as client:
        pids = list(client.run(os.getpid).values())

        def kill() -> None:
            while not list((there / "cells").glob("*.npz")):
                time.sleep(0.01)
            os.kill(pids[0], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        address = client.scheduler.address
        study.main([path, "--output", str(there), "--cluster", address])
        killer.join()
        assert pids[0] not in client.run(os.getpid).values()
    assert "cell 4/4" in capsys.readouterr().out
    assert len(list((there / "cells").iterdir())) == 4
    for one in (here / "cells").iterdir():
        with np.load(one) as expected, np.load(there / "cells" / one.name) as found:
            for name in set(expected.files) - {"column seconds"}:
                np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.slow
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1:99999"])
def test_no_scheduler(address: str, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    path, out = str(tmp_path / "study.yaml"), str(tmp_path / "out")
    line = refused(study.main, path, "--output", out, "--cluster", address)
    assert f"cluster: received '{address}', where no scheduler answers" in line
