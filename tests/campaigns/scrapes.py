"""`make scrapes`: a day's worth of metrics, one after the other, while messages are sent.

A real daemon is asked for its metrics as often as Prometheus asks in a day, every 15 seconds, while
an account sends without a pause and phones say that they have got it. From when a tenth of them was
read until the end the daemon's own memory may not grow by more than BOUND_MB, nor may there be
more metrics than in the beginning; and what they count in the end has to be what was sent.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event

from daemon_process import DaemonProcess, environment
from delivery.stage import BUDI, UNGOVERNED, Stage
from prometheus_client.parser import text_string_to_metric_families
from whatsapp_server.harness import PlayedWhatsApp

from campaigns.soak.gauges import private_mb
from waremind.requests.daemon import Metrics

A_DAY = 24 * 60 * 4
GROUPS = 5
WARM_UP = 0.1  # of the scrapes: pools fill, and what is remembered of the last minute
LOOKS = 20
BOUND_MB = 4.0


def scrape(daemon: DaemonProcess) -> dict[tuple[str, ...], float]:
    """Ask for all metrics: name and labels' values, and value."""
    text = daemon.call(Metrics()).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@contextmanager
def sending(stage: Stage) -> Iterator[list[int]]:
    """Send without a pause beside the body; gives how many messages each time."""
    end, sent = Event(), list[int]()

    def send() -> None:
        while not end.is_set():
            stage.send(f"message {len(sent)}")
            sent.append(len(stage.groups))
            for message in stage.messages()[-len(stage.groups) :]:
                stage.whatsapp.receipt(message, by=BUDI, kind="delivered")

    with ThreadPoolExecutor(1) as one:
        life = one.submit(send)
        try:
            yield sent
        finally:
            end.set()
    life.result()


def main() -> int:
    """Ask so often as the command line says; tells how much it took, and fails if it grew."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--scrapes", type=int, default=A_DAY)
    scrapes = parser.parse_args().scrapes
    with ExitStack() as life:
        whatsapp = life.enter_context(PlayedWhatsApp(decrypt="none"))
        daemon = life.enter_context(DaemonProcess(environment(whatsapp) | UNGOVERNED))
        stage = Stage(daemon, whatsapp, "", "ops", "628110000001")
        daemon.add(stage.label)
        for _ in range(GROUPS):
            stage.group()
        stage.pair()
        first, taken = scrape(daemon), list[float]()
        with sending(stage) as sent:
            for number in range(scrapes):
                scrape(daemon)
                if number * LOOKS // scrapes != (number + 1) * LOOKS // scrapes:
                    taken.append(private_mb(daemon.process.pid))
                    print(f"{number + 1} scrapes: {taken[-1]:.1f} MB", flush=True)
        last = scrape(daemon)
    warm = taken[int(LOOKS * WARM_UP)]
    print(f"{scrapes} scrapes over {sum(sent)} messages: {warm:.1f} MB, then {taken[-1]:.1f} MB")
    assert last["waremind_deliveries_total", "sent"] == sum(sent), "all that was sent is counted"
    assert last.keys() == first.keys(), "there are as many metrics as in the beginning"
    assert taken[-1] <= warm + BOUND_MB, f"it grew by more than {BOUND_MB} MB"
    return 0


if __name__ == "__main__":
    sys.exit(main())
