"""What Connector needs for what is open and idle."""


def measure(bench, setup, only):
    return {}
