"""The figures as text, and as a picture."""

import os
import platform


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return f"{os.cpu_count()} × {models[0] if models else platform.machine()}, Linux {platform.release()}"


def main_figure(figures):
    return "Gbit/s" if "Gbit/s" in figures else "per s"


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def line(row):
    parts = []
    first = next(iter(row["programs"].values()), {})
    for name, figures in row["programs"].items():
        key = main_figure(figures)
        text = f"{name} {number(figures[key])} ({figures[key] / max(first[key], 1e-9):.2f})"
        for extra in ("CPU s/GB", "CPU us each", "p50", "p99", "cores", "generator cores"):
            if extra in figures:
                text += f" {extra} {number(figures[extra])}"
        if figures["failures"]:
            text += f" FAILURES {figures['failures']:.0f}"
        parts.append(text)
    parts += [f"{name}: {error}" for name, error in row["errors"].items()]
    return f"  {row['work']}: " + "; ".join(parts)


def text(results):
    return ""


def svg(results):
    return ""
