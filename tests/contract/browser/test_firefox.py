"""The same in Firefox, which needs no driver to load a page that tells what it has found."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

import tress
from tress.browser.package import is_built, package_files

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
LEMUR = Path(__file__).parents[3] / "examples" / "lemur.jpg"
PAGE = b"""<!doctype html><script type="module">
const send = (body) => fetch("/", {method: "POST", body});
try {
  const {Remover} = await import("/browser/src/index.js");
  const remover = await Remover.load();
  const matte = await remover.matte(await (await fetch("/lemur.jpg")).blob());
  const png = await matte.cutout();
  await send(new Blob([matte.alpha]));
  await send(JSON.stringify({width: matte.width, height: matte.height, found: matte.found, type: png.type}));
} catch (error) {
  await send("");
  await send(JSON.stringify({error: `${error.code} ${error.message} ${error.stack}`}));
}
</script>"""
# No request but to this machine: whatever else the browser wants to know ends at a closed port.
PREFERENCES = """
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("network.proxy.no_proxies_on", "127.0.0.1");
user_pref("network.dns.disabled", true);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.disabledForTesting", true);
"""


@pytest.mark.skipif(not FIREFOX, reason="needs the package firefox-esr")
@pytest.mark.skipif(not is_built(), reason="needs the files that `make web` builds")
@pytest.mark.parametrize("threads", [True, False])
def test_firefox_gives_the_same(host, tmp_path, isolation, threads):
    files = {f"browser/{name}": file for name, file in package_files().items()}
    served = host({**files, "index.html": PAGE, "lemur.jpg": LEMUR}, isolation if threads else None)
    (tmp_path / "user.js").write_text(PREFERENCES)
    log = (tmp_path / "log").open("w")
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(tmp_path), served.url]
    with log, subprocess.Popen(command, stdout=log, stderr=log) as firefox:
        try:
            end = time.monotonic() + 300
            while len(served.posted) < 2 and time.monotonic() < end and firefox.poll() is None:
                time.sleep(0.2)
        finally:
            firefox.terminate()
    assert len(served.posted) == 2, (tmp_path / "log").read_text()[-2000:]
    facts = json.loads(served.posted[1])
    assert facts == {"width": 680, "height": 440, "found": True, "type": "image/png"}
    alpha = np.frombuffer(served.posted[0], np.float32).reshape(440, 680)
    distance = np.abs(alpha - tress.Remover().matte(LEMUR).alpha)
    # Its JPEG decoder is another one: colours may differ by a few levels.
    assert distance.mean() < 0.002
    assert np.quantile(distance, 0.99) < 0.05
