"""The page at the API's /, in a headless Chromium.

usage: check_page.py MODE PROGRAM [FOLDER]

MODE: plain (development, everybody may call), secure (TLS, and a token), many (9,000 mappings), or shots, which writes
the pictures of doc/ into FOLDER. PROGRAM is the server.
"""

import json
import pathlib
import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "agents"))

from programs import (  # noqa: E402  pylint: disable=C0413
    DEADLINE, Connector, Failed, Process, ended, expect, free_ports, receive)
from served import Api, check_files  # noqa: E402  pylint: disable=C0413
from skipping import skip  # noqa: E402  pylint: disable=C0413

try:
    from browser import CHROMIUM, DRIVER, Browser, Keys
except ImportError:
    skip("the page in a browser", "python3-selenium is not installed")

MARKUP = "<img src=x onerror=alert(1)>"
TOKEN = "a-token-for-the-page"
MANY = 9000


def add_by_form(browser, label, kind="public", **fields):
    browser.click("#add")
    browser.click(f"#add-dialog [value={kind}]")
    browser.fill("#add-dialog [name=label]", label)
    for name, text in fields.items():
        browser.fill(f"#add-dialog [name={name}]:not(:disabled)", text)
    browser.click("#add-dialog [type=submit]")
    return secrets_in(browser)


def secrets_in(browser):
    """What is shown once, by its label."""
    browser.see("#secret-dialog")
    return browser.run("""return Object.fromEntries([...document.querySelectorAll('#secret-dialog .fields label')]
        .map(label => [label.firstChild.textContent, label.querySelector('input').value]))""")


def check_adding(browser, api):
    """By the form; what a label says stays text."""
    browser.see_text("#problems", "Nothing is degraded.")
    browser.see_text("#count", "0 mappings")
    browser.click("#add")
    for name in ("name", "ports"):
        expect(f"fields without a front: {name}", browser.find_all(f"#add-dialog [name={name}]"), [])
    browser.click("#add-dialog [data-close]")
    browser.see_no("#add-dialog")
    secrets = add_by_form(browser, MARKUP, visitorsperaddress="20", relayidle="90", deny="192.0.2.0/24")
    browser.click("#secret-dialog [aria-label='Copy: Passcode of port 1']")
    browser.wait("the passcode is copied", lambda: re.search(
        "copied|marked", browser.text("#secret-dialog [role=status]")))
    browser.click("#secret-dialog [type=submit]")
    browser.see_text("#detail-title", MARKUP)
    expect("images in the page", browser.run("return document.images.length"), 0)
    expect("what is left of the passcode", browser.find_all("#secret-dialog input"), [])
    added = api.show(secrets["Id"])
    wanted = {"label": MARKUP, "visitorsperaddress": 20, "visitorrate": 0, "relayidle": 90000,
              "deny": ["192.0.2.0/24"], "maxconnections": 60}
    expect("what was added", {key: added[key] for key in wanted}, wanted)
    browser.click("#back")
    browser.see_text("#rows", MARKUP)
    expect("the row's own elements", browser.run("return document.querySelectorAll('#rows img').length"), 0)

    secrets_private = add_by_form(browser, "two shops", "private", maxconnectionsport1="3")
    browser.click("#secret-dialog [type=submit]")
    expect("passcodes of a private mapping", len([name for name in secrets_private if "Passcode" in name]), 2)
    expect("agents of a private mapping", api.show(secrets_private["Id"])["maxconnectionsport1"], 3)
    browser.click("#back")
    browser.click("#add")
    browser.fill("#add-dialog [name=port2]:not(:disabled)", "1")
    browser.click("#add-dialog [type=submit]")
    browser.see_text("#add-dialog .error", "port2")
    browser.click("#add-dialog [data-close]")
    browser.see_no("#add-dialog")
    return secrets


def check_list(browser, api):
    """Search, filters, order."""
    for label in ("till 10, web", "till 9, web", "till 100, shell"):
        api.connector.add(label=label)
    browser.see_text("#count", "5 mappings")
    expect("the order", browser.names(), [MARKUP, "till 9, web", "till 10, web", "till 100, shell", "two shops"])
    browser.click("[data-sort=name] button")
    expect("the other order", browser.names()[0], "two shops")
    expect("its name", browser.find("[data-sort=name]").get_attribute("aria-sort"), "descending")
    browser.click("[data-sort=name] button")
    browser.fill("#search", "WEB")
    browser.wait("they are found", lambda: browser.names() == ["till 9, web", "till 10, web"])
    browser.see_text("#count", "2 of 5 mappings")
    browser.fill("#search", "no such thing")
    browser.wait("nothing is found", lambda: browser.names() == [])
    browser.fill("#search", " ")
    browser.choose("#type", "private")
    browser.wait("private ones are shown", lambda: browser.names() == ["two shops"])
    browser.choose("#type", "all")
    browser.choose("#state", "used")
    browser.wait("none is in use", lambda: browser.names() == [])


def check_traffic(browser, api, secrets):
    """A visitor talks to an agent: state, figures and curve follow."""
    with api.agent(int(secrets["Port 1"]), secrets["Passcode of port 1"]) as agent, \
            api.connect(int(secrets["Port 2"])) as visitor:
        visitor.sendall(b"x" * 1000)
        receive(agent, 1000)
        browser.wait("it is in use", lambda: browser.names() == [MARKUP])
        browser.see_text("#rows .badge", "In use")
        browser.see_text("#rows", "1 joined")
        browser.see_text("#rows", "agent now")

        def is_drawn():
            agent.sendall(b"y" * 5000)
            receive(visitor, 5000)
            return " kB/s" in browser.text("#rows .traffic") and browser.run(
                "return document.querySelector('#rows polyline').getAttribute('points').split(' ').length > 1")

        browser.wait("the traffic is drawn", is_drawn)
        browser.click("#rows .row")
        browser.see_text("#detail-state", "In use")
        check_connections(browser, agent, visitor)
    browser.see_text("#detail-state", "No agent")


def check_connections(browser, agent, visitor):
    """Both are listed, and one can be ended, which ends the other."""
    for kind, connection in (("agents", agent), ("visitors", visitor)):
        browser.see_text(f"[data-kind={kind}] tbody", "{}:{}".format(*connection.getsockname()))
    browser.resize(400, 800)
    expect("what is wider than the window", browser.wide_elements(), [])
    browser.resize(1280, 900)
    browser.click("[data-kind=visitors] tbody button")
    browser.see_text("#confirm-dialog", "{}:{}".format(*visitor.getsockname()))
    browser.click("#confirm-dialog [type=submit]")
    browser.see("[data-none=visitors]")
    if not ended(agent) or not ended(visitor):
        raise Failed("their connections have not ended")


def check_settings(browser, api, mapping_id):
    """Limits and the label are changed; what is wrong is said."""
    browser.fill("#settings [name=label]", "till 7")
    browser.fill("#settings [name=visitorrate]", "10")
    browser.fill("#settings [name=allow]", "192.0.2.0/24, 2001:db8::/32")
    browser.fill("#settings [name=deny]", "nowhere")
    browser.click("#settings [type=submit]")
    browser.see_text("#settings", "Saved.")
    browser.see_text("#detail-title", "till 7")
    changed = api.show(mapping_id)
    wanted = {"label": "till 7", "visitorrate": 10, "allow": ["192.0.2.0/24", "2001:db8::/32"], "deny": [],
              "visitorsperaddress": 20}
    expect("what was changed", {key: changed[key] for key in wanted}, wanted)
    browser.fill("#settings [name=deny]", "192.0.2.1/24")
    browser.click("#settings [type=submit]")
    browser.see_text("#settings .error", "deny")
    browser.fill("#settings [name=deny]", "nowhere")
    browser.fill("#settings [name=allow]", "anywhere")
    browser.find("#settings [name=visitorrate]").clear()
    browser.click("#settings [type=submit]")
    browser.wait("the defaults are back", lambda: api.show(mapping_id)["visitorrate"] == 0)
    expect("where visitors may come from", api.show(mapping_id)["allow"], [])


def check_passcode(browser, api, secrets):
    """A new one, which is good, and the former one is not."""
    browser.click("#new-passcode")
    browser.fill("#passcode-dialog [name=overlap]", "0")
    browser.click("#passcode-dialog [type=submit]")
    passcode = secrets_in(browser)["Passcode of port1"]
    browser.click("#secret-dialog [type=submit]")
    browser.see_no("#secret-dialog")
    if passcode in browser.run("return document.documentElement.outerHTML"):
        raise Failed("the passcode is still in the page")
    with api.agent(int(secrets["Port 1"]), passcode):
        browser.see_text("#detail-state", "Ready")


def check_removing(browser, api, mapping_id):
    browser.click("#remove")
    browser.see_text("#confirm-dialog", "till 7")
    browser.click("#confirm-dialog [data-close]")
    browser.see_no("#confirm-dialog")
    expect("a mapping whose removal was cancelled", api.show(mapping_id)["id"], mapping_id)
    browser.click("#remove")
    browser.click("#confirm-dialog [type=submit]")
    browser.see("#list")
    browser.choose("#state", "all")
    browser.see_text("#count", "4 mappings")
    expect("the removed mapping", api.show(mapping_id), None)


def check_keyboard(browser, api):
    """Everything without a pointer."""
    browser.driver.refresh()
    browser.see_text("#rows", "till 9")
    browser.tab_to("#add")
    browser.press(Keys.ENTER)
    browser.wait("the form has the focus", lambda: browser.focused("#add-dialog [name=label]"))
    browser.press("by keyboard", Keys.ENTER)
    browser.see("#secret-dialog")
    browser.tab_to("#secret-dialog [type=submit]")
    browser.press(Keys.ENTER)
    browser.see_text("#detail-title", "by keyboard")
    browser.wait("its title has the focus", lambda: browser.focused("#detail-title"))
    browser.press(Keys.ESCAPE)
    browser.wait("its row has the focus", lambda: browser.run(
        "return document.activeElement.querySelector('.row .name')?.textContent") == "by keyboard")
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ENTER)
    browser.see_text("#detail-title", "till 9, web")
    browser.tab_to("#settings [name=label]")
    browser.press(Keys.END, "!", Keys.ENTER)
    browser.see_text("#detail-title", "till 9, web!")
    browser.tab_to("#remove")
    browser.press(Keys.ENTER)
    browser.tab_to("#confirm-dialog [type=submit]")
    browser.press(Keys.ENTER)
    browser.see("#list")
    browser.wait("it is gone", lambda: len(api.ids()) == 4)


def check_looks(browser):
    """At 400 pixels nothing is beside the window, and in the dark nothing is bright."""
    def is_narrow(what):
        wide = browser.wide_elements()
        if wide:
            raise Failed(f"{what} is wider than the window:\n" + "\n".join(wide))

    browser.resize(400, 800)
    browser.see("#sort")
    is_narrow("the list")
    browser.click("#add")
    is_narrow("the form")
    browser.click("#add-dialog [data-close]")
    browser.click("#rows .row")
    browser.see("#settings [name=label]")
    is_narrow("a mapping")
    for scheme, is_dark in (("dark", True), ("light", False)):
        browser.prefer(scheme)
        for selector in (":root", "#totals div", "#remove", "#settings input"):
            ink, ground = (sum(color) for color in browser.colors(selector))
            if (ground < 384) != is_dark or abs(ink - ground) < 250:
                raise Failed(f"{selector} in a {scheme} scheme: {browser.colors(selector)}")
    browser.click("#back")
    browser.resize(1280, 900)


def check_degraded(browser, api, program):
    """A port that something else holds, and a server that is away for a while."""
    connector = api.connector
    mapping = api.show(api.ids()[0])
    browser.allow("ERR_CONNECTION_|ERR_EMPTY_RESPONSE|status of 503")
    expect("the server's exit status", connector.process.stop(), 0)
    browser.see_text("#problems", "The server has not answered since")
    with socket.create_server(("127.0.0.1", mapping["port2"])):
        connector.process = Process([program, f"--config={connector.path('config')}"])
        browser.see_text("#problems", "1 mapping is degraded")
        browser.click("#problems .bad button")
        browser.see_text("#rows", "Degraded")
        browser.see_text("#rows", f"port {mapping['port2']} is held by something else")
        browser.see_text("#count", "1 of 4 mappings")
        browser.click("#rows .row")
        browser.see_text("#detail-reason", f"port {mapping['port2']} is held by something else")
    browser.see_text("#problems", "Nothing is degraded.")
    browser.see_no("#detail-reason")
    connector.call("POST", "/api/v2/mapping/remove", json.dumps({"mappingid": mapping["id"]}))
    browser.see_text("#problems", f"There is no mapping {mapping['id']} any more.")


def check_hidden(browser):
    """Nothing is asked for while nobody can see it."""
    browser.hide(True)
    browser.pass_time(10000)  # what was under way is over
    browser.run("performance.clearResourceTimings()")
    browser.pass_time(60000)
    expect("requests of a tab that can't be seen", browser.requests(), [])
    browser.hide(False)
    browser.wait("it asks again", browser.requests)


def check_origin(browser):
    """Nothing is asked for elsewhere."""
    elsewhere = [url for url in browser.requests() if not url.startswith(browser.url)]
    expect("requests to others", elsewhere, [])


def check_plain(program):
    with Connector(program, tls=False) as connector:
        api = Api(connector)
        check_files(api)
        with Browser(api.url) as browser:
            # What is removed may be asked for at that moment.
            browser.allow(r"/mapping/[0-9a-f-]{36}(/connections)? - .* status of 404")
            secrets = check_adding(browser, api)
            check_list(browser, api)
            check_traffic(browser, api, secrets)
            browser.allow("status of 400")
            check_settings(browser, api, secrets["Id"])
            check_passcode(browser, api, secrets)
            check_removing(browser, api, secrets["Id"])
            check_keyboard(browser, api)
            check_looks(browser)
            check_degraded(browser, api, program)
            check_origin(browser)
            check_hidden(browser)


def give_token(browser, token):
    browser.fill("#token-dialog [name=token]", token)
    browser.press(Keys.ENTER)


def check_names(browser, api, front):
    """A mapping is given a name, found by it, given another one, and reached by the front alone."""
    browser.allow("status of 400")
    browser.click("#add")
    browser.choose("#add-dialog [name=ports]", "false")
    browser.fill("#add-dialog [name=label]", "by token")
    browser.fill("#add-dialog [name=name]", "Web")
    browser.click("#add-dialog [type=submit]")
    browser.see_text("#add-dialog .error", "lower-case")
    browser.fill("#add-dialog [name=name]", "web")
    browser.click("#add-dialog [type=submit]")
    secrets = secrets_in(browser)
    url = f"https://web.{front['domain']}:{front['port']}"
    expect("the URL that is shown", secrets["URL"], url)
    expect("the port that is shown", secrets["Port 1"], str(front["port"]))
    browser.click("#secret-dialog [type=submit]")
    browser.see_text("#facts", url)
    browser.see_text("#facts", "the front's")
    expect("fields for its ports", browser.find_all("#settings [name=port1]"), [])
    browser.fill("#settings [name=name]", "shop")
    browser.click("#settings [type=submit]")
    browser.see_text("#facts", "https://shop.")
    expect("its name", api.show(secrets["Id"])["name"], "shop")
    browser.click("#back")
    browser.fill("#search", "shop")
    browser.wait("it is found", lambda: browser.names() == ["by token"])


def check_secure(program):
    """A token is asked for, refused, taken, kept for the tab and forgotten; with a front, mappings have names."""
    front = {"port": free_ports(1), "domain": "fog.example.org", "http-port": 0}
    settings = {"api": {"identities": [{"name": "operator", "token": TOKEN}]}, "front": front}
    with Connector(program, tls=True, settings=settings) as connector:
        connector.headers = {"Authorization": f"Bearer {TOKEN}"}
        api = Api(connector)
        check_files(api)
        connector.add(label="till 1")
        with Browser(api.url) as browser:
            browser.allow("status of 401")
            browser.see("#token-dialog")
            expect("the mappings that are shown to nobody", browser.names(), [])
            for wrong, why in (("not-the-right-token", "does not know that token"), ("a b", "no blanks")):
                give_token(browser, wrong)
                browser.see_text("#token-dialog .error", why)
            browser.press(Keys.ESCAPE)
            browser.see("#token-dialog")
            give_token(browser, TOKEN)
            browser.see_text("#rows", "till 1")
            browser.see_no("#token-dialog")
            browser.driver.refresh()
            browser.see_text("#rows", "till 1")
            expect("what outlives the tab", browser.run("return localStorage.length + document.cookie.length"), 0)
            check_names(browser, api, front)
            browser.click("#forget")
            browser.see("#token-dialog")
            browser.see_no("main")
            browser.driver.refresh()
            browser.see("#token-dialog")
            check_origin(browser)


def check_many(program):
    """As many mappings as there can be: all are there, few are in the page, and only those are asked for."""
    adders = 8
    settings = {"ports": [f"1100-{1100 + 2 * MANY}"], "log": {"level": "warning"},
                "limits": {"database-waiting": adders, "database-wait": 1000 * DEADLINE}}
    with Connector(program, tls=False, settings=settings) as connector, ThreadPoolExecutor(adders) as threads:
        list(threads.map(lambda i: connector.add(label=f"till {i}"), range(MANY)))
        with Browser(Api(connector).url) as browser:
            browser.see_text("#count", "9,000 mappings")
            measured = browser.wait("they are loaded", lambda: browser.run(
                "return performance.getEntriesByName('list')[0]?.duration"))
            print(f"{MANY} mappings are there after {measured:.0f} ms")
            expect("the first rows", browser.names()[:2], ["till 0", "till 1"])
            browser.tab_to("#rows .row")
            browser.press(Keys.END)
            browser.wait("the end is shown", lambda: browser.names()[-1] == f"till {MANY - 1}")
            browser.press(Keys.PAGE_UP, Keys.HOME)
            browser.wait("the beginning is shown", lambda: browser.names()[0] == "till 0" and browser.focused(".row"))
            print("frames while scrolling: {:.0f} ms in the median, {:.0f} ms for 99 of 100".format(*scroll(browser)))
            if len(browser.names()) > 50:
                raise Failed(f"{len(browser.names())} rows are in the page")
            browser.run("performance.setResourceTimingBufferSize(1e5); performance.clearResourceTimings()")
            browser.wait("two rounds are over", lambda: sum("/status" in url for url in browser.requests()) > 2)
            asked = {url for url in browser.requests() if re.search(r"/mapping/[0-9a-f-]{36}$", url)}
            if not 0 < len(asked) <= 50:
                raise Failed(f"{len(asked)} mappings are asked for one by one")
            browser.fill("#search", f"till {MANY - 1}")
            browser.wait("it is found", lambda: browser.names() == [f"till {MANY - 1}"])


def scroll(browser):
    """From top to bottom in 300 steps. Milliseconds that frames take: the median, and what 99 of 100 are within."""
    times = browser.driver.execute_async_script("""
        const done = arguments[0], steps = 300, times = [];
        const step = (document.body.scrollHeight - innerHeight) / steps;
        const next = (time) => {
            times.push(time);
            if (times.length > steps) return done(times);
            scrollBy(0, step);
            requestAnimationFrame(next);
        };
        requestAnimationFrame(next);""")
    frames = sorted(after - before for before, after in zip(times, times[1:]))
    return frames[len(frames) // 2], frames[len(frames) * 99 // 100]


def main():
    mode, program, *folder = sys.argv[1:]
    for needed in (CHROMIUM, DRIVER):
        if not pathlib.Path(needed).exists():
            skip("the page in a browser", f"there is no {needed}")
    began = time.monotonic()
    if mode == "shots":
        from shots import take_shots  # pylint: disable=C0415
        take_shots(program, pathlib.Path(folder[0]))
    else:
        {"plain": check_plain, "secure": check_secure, "many": check_many}[mode](program)
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
