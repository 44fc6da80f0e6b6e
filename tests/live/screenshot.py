"""`python -m tests.live.screenshot FILE`: the picture of the page in the documents, at its third stop."""

import re
import subprocess
import sys

from .chromium import launched, until


def main(file: str) -> None:
    """Begin a server, visit the stop, take the picture."""
    command = [sys.executable, "-m", "gumbel_gan.play", "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    address = server.stdout.readline().split()[2]
    with launched() as browser, browser.new_page(viewport={"width": 1100, "height": 728}) as page:
        page.goto(address)
        page.get_by_role("button", name="3. ").click()
        text = "Bokeh.documents[0]?.get_model_by_name('readout')?.text ?? ''"
        shown = r"data-name='epoch'>([\d,]+)"

        def epoch() -> int:
            found = re.search(shown, page.evaluate(text))
            return 0 if found is None else int(found.group(1).replace(",", ""))

        until(lambda: epoch() >= 400)
        page.get_by_role("button", name="pause").click()
        page.wait_for_timeout(1_000)
        page.screenshot(path=file)
    server.terminate()
    server.communicate()


if __name__ == "__main__":
    main(sys.argv[1])
