"""The pictures of the page in doc/."""

import contextlib
import threading

from browser import Browser
from programs import Connector, receive
from served import Api

MAPPINGS = {
    "till 3, web": {"visitorsperaddress": 20, "visitorrate": 10, "relayidle": 600000},
    "till 4, web": {},
    "camera, yard": {"bandwidth": 12500000},
    "press line 2, PLC": {"allow": ["192.0.2.0/24"]},
    "shop Bern, ssh": {"relayidle": 3600000},
    "van 17, MQTT": {},
    "weather mast": {},
}
BUSY = {"till 3, web": 60000, "camera, yard": 900000, "van 17, MQTT": 9000}  # bytes at a time
SILENT = "press line 2, PLC"


def talk(agent, visitor, size, ended):
    """In bursts, as programs do."""
    burst = 0
    while not ended.wait(0.25):
        burst += 1
        agent.sendall(bytes(size // (1 + burst * burst % 7)))
        receive(visitor, size // (1 + burst * burst % 7))


def take_shots(program, folder):
    """In FOLDER, over those that are there."""
    with Connector(program, tls=False) as connector, contextlib.ExitStack() as stack:
        api, ended = Api(connector), threading.Event()
        threads = []
        for label, more in MAPPINGS.items():
            added = connector.add(label=label, **more)
            if label == SILENT:
                continue
            agent = stack.enter_context(api.agent(added["port1"], added["passcode1"]))
            if label in BUSY:
                visitor = stack.enter_context(api.connect(added["port2"]))
                visitor.sendall(b"!")
                receive(agent, 1)
                threads.append(threading.Thread(target=talk, args=(agent, visitor, BUSY[label], ended)))
            for _ in range(2):
                stack.enter_context(api.agent(added["port1"], added["passcode1"]))
        api.add_private(label="Zürich and Genève")
        for thread in threads:
            thread.start()
        try:
            photograph(api, folder)
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def photograph(api, folder):
    drawn = """const points = document.querySelector('#total-curve polyline')?.getAttribute('points') ?? '';
               return points.split(' ').length > 20"""
    with Browser(api.url) as browser:
        browser.wait("curves are there", lambda: browser.run(drawn))
        browser.resize(1180, 780)
        browser.see("#rows .row")
        browser.screenshot(folder / "page.png")
        browser.resize(400, 800)
        browser.see("#sort")
        browser.screenshot(folder / "page-narrow.png")
        browser.prefer("dark")
        browser.resize(1180, 1000)
        row = next(row for row in browser.find_all("#rows .row") if "camera" in row.text)
        row.click()
        browser.see("[data-kind=visitors] tbody tr")
        browser.screenshot(folder / "page-dark.png")
