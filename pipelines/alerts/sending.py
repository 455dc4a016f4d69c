"""Sending digests through Apprise, only where a channel is set.

Belongs here: which channel a role has tonight, and noting what was told. Does not belong here: words (`digest`).

A digest is noted as sent after its channel took it: a night that is killed in between tells it again, and a channel
that refuses is tried again by the next night. Nothing that fails here ends a night.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.alerts.digest import Digest, digests
from pipelines.alerts.raising import FAILURE, raise_failure
from pipelines.alerts.recipients import Recipients
from pipelines.settings import Settings
from pipelines.state import State

log = logging.getLogger(__name__)
Notify = Callable[[Sequence[str], Digest], bool]
"""Hands a digest to channels (Apprise URLs); whether all of them took it."""


@dataclass(frozen=True)
class Sent:
    """Roles by what became of their digest."""

    told: tuple[str, ...]
    refused: tuple[str, ...]
    without_channel: tuple[str, ...]

    def sentence(self) -> str:
        """For the log."""
        parts = [
            f"{word} {', '.join(roles)}"
            for word, roles in (
                ("told", self.told),
                ("channel refused, the next night tries again:", self.refused),
                ("no channel set for", self.without_channel),
            )
            if roles
        ]
        return "; ".join(parts) or "nothing new to tell"


def send(
    state: State,
    recipients: Recipients,
    environ: Mapping[str, str],
    at: datetime,
    *,
    source: str | None = None,
    notify: Notify | None = None,
) -> Sent:
    """Sends each role what is new for it, and remembers that.

    Args:
        state: holds the table `alert`.
        recipients: names the variable of each role's channel.
        environ: where the variables stand; an empty one is as good as none.
        at: time of sending.
        source: only alerts of this source.
        notify: in place of Apprise (tests).
    """
    notify = notify or through_apprise
    channels = recipients.channels()
    told, refused, without = [], [], []
    for digest in digests(state, at, source):
        urls = [environ[name] for name in channels.get(digest.role, ()) if environ.get(name, "").strip()]
        if not urls:
            without.append(digest.role)
        elif notify(urls, digest):
            _note(state, digest, at)
            told.append(digest.role)
        else:
            refused.append(digest.role)
    return Sent(tuple(told), tuple(refused), tuple(without))


def tell_failure(settings: Settings, state: State, what: Sequence[str], environ: Mapping[str, str]) -> Sent | None:
    """Raises and sends that a night did not publish; other alerts wait for the night that does.

    Args:
        settings: reference data as the night laid it out, and the clock.
        state: holds the table `alert`.
        what: names of the gates and checks, or of the steps that failed; no content.
        environ: where the channels stand.

    Returns:
        None where the night failed before it had laid out its reference data.
    """
    reference = settings.home / "reference"
    if not (reference / "recipients.csv").exists():
        return None
    recipients = Recipients.load(reference)
    raise_failure(state, recipients, what, settings.clock())
    return send(state, recipients, environ, settings.clock(), source=FAILURE)


def through_apprise(urls: Sequence[str], digest: Digest) -> bool:
    """WeCom, DingTalk, Feishu, mail and whatever else Apprise speaks; several URLs may stand in one variable."""
    import apprise

    channel = apprise.Apprise()
    if not all(channel.add(url) for url in urls):
        log.warning("a channel of %s is no URL that Apprise knows", digest.role)
        return False
    return bool(channel.notify(title=digest.title, body=digest.body, body_format=apprise.NotifyFormat.TEXT))


def _note(state: State, digest: Digest, at: datetime) -> None:
    stamp = at.isoformat(sep=" ", timespec="seconds")
    with state.transaction() as connection:
        connection.executemany(
            "update alert set sent_at = ? where alert_id = ?", [(stamp, number) for number in digest.alert_ids]
        )
