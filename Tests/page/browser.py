"""A headless Chromium that looks at the page, and what a test does with it."""

import contextlib
import json
import os
import re
import tempfile

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from programs import DEADLINE, Failed

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"


class Browser:
    """With a folder of its own, which ends with it."""

    def __init__(self, url):
        self.url = url
        self._stack = contextlib.ExitStack()
        self._allowed = []

    def __enter__(self):
        folder = tempfile.TemporaryDirectory(prefix="check-page-", ignore_cleanup_errors=True)
        profile = self._stack.enter_context(folder)
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        options.accept_insecure_certs = True
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Nothing foreign is looked at, and the sandbox needs namespaces.
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                         "--disable-background-networking", "--no-first-run", "--lang=en",
                         f"--user-data-dir={profile}"):
            options.add_argument(argument)
        service = Service(DRIVER, env={**os.environ, "HOME": profile})
        self.driver = webdriver.Chrome(options=options, service=service)
        self._stack.callback(self.driver.quit)
        self.driver.set_script_timeout(DEADLINE)
        self.resize(1280, 900)
        self.driver.get(self.url)
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is not None:
                print("The page:\n" + self.text("body"), "Its console:", *self.driver.get_log("browser"), sep="\n")
            else:
                self.check_console()
        finally:
            self._stack.close()

    def allow(self, pattern):
        """Lines of the console that the test causes."""
        self._allowed.append(re.compile(pattern))

    def check_console(self):
        # A new tab is a page of the browser's own at first.
        lines = [line["message"] for line in self.driver.get_log("browser")]
        own = [line for line in lines if not line.startswith("chrome://")]
        wrong = [line for line in own if not any(allowed.search(line) for allowed in self._allowed)]
        if wrong:
            raise Failed("the browser's console has\n" + "\n".join(wrong))

    def resize(self, width, height):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def screenshot(self, path):
        self.driver.save_screenshot(str(path))

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, what, condition):
        """Until the condition holds; what it returns then."""
        def holds(_):
            with contextlib.suppress(StaleElementReferenceException):
                return condition()
            return False
        try:
            return WebDriverWait(self.driver, DEADLINE, poll_frequency=0.05).until(holds)
        except Exception as error:
            raise Failed(f"waited in vain: {what}") from error

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def see(self, selector):
        """The element, when it is visible."""
        return self.wait(f"{selector} is visible", lambda: next(
            (found for found in self.find_all(selector) if found.is_displayed()), None))

    def see_no(self, selector):
        self.wait(f"{selector} is not visible", lambda: not any(
            found.is_displayed() for found in self.find_all(selector)))

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def see_text(self, selector, text):
        self.wait(f"{selector} says {text!r}", lambda: text in self.text(selector))

    def click(self, selector):
        self.wait(f"{selector} can be clicked", lambda: self.see(selector).is_enabled())
        self.see(selector).click()

    def choose(self, selector, value):
        Select(self.see(selector)).select_by_value(value)

    def fill(self, selector, text):
        field = self.see(selector)
        field.clear()
        field.send_keys(text)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self, selector):
        return self.run("return document.activeElement.matches(arguments[0])", selector)

    def tab_to(self, selector, most=60):
        """By the Tab key alone."""
        for _ in range(most):
            if self.focused(selector):
                return
            self.press(Keys.TAB)
        raise Failed(f"the Tab key does not lead to {selector}")

    def names(self):
        """Of the mappings in the list, from its top."""
        return self.run("return [...document.querySelectorAll('#rows .row .name')].map(name => name.textContent)")

    def colors(self, selector):
        """Red, green and blue of the text, and of what is behind it."""
        script = """const style = getComputedStyle(document.querySelector(arguments[0]));
                    return [style.color, style.backgroundColor]"""
        return [[int(part) for part in re.findall(r"\d+", color)[:3]] for color in self.run(script, selector)]

    def wide_elements(self):
        """What is wider than the window."""
        return self.run("""const wide = [...document.querySelectorAll('body *')].filter(each => {
                const box = each.getBoundingClientRect();
                return box.width > 0 && box.right > innerWidth + 0.5 && !each.closest('.wide, .unseen, svg, .row');
            }).map(each => each.outerHTML.slice(0, 100));
            return document.documentElement.scrollWidth > innerWidth ? ['the document', ...wide] : wide""")

    def hide(self, hidden):
        """As if another tab were in front of it, or no more."""
        self.run("""Object.defineProperty(document, 'hidden', {configurable: true, get: () => arguments[0]});
                 document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))""".replace(
            "arguments[0]", json.dumps(hidden)))

    def pass_time(self, milliseconds):
        """The page's clocks and timers are that much further on, at once."""
        until = self.run("return Date.now()") + milliseconds
        policy = {"policy": "advance", "budget": milliseconds}
        self.driver.execute_cdp_cmd("Emulation.setVirtualTimePolicy", policy)
        self.wait("the time has passed", lambda: self.run("return Date.now()") >= until)

    def requests(self):
        """The URLs of all that the page has asked for."""
        return self.run("return performance.getEntriesByType('resource').map(each => each.name)")
