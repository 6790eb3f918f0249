"""What can be wrong, and how pickled networks come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from pimnas import Network

__all__ = ["ConfigError", "MappingError", "NetworkError", "PimnasError", "SearchError"]


class PimnasError(Exception):
    """The base of every error of this package.

    ``code`` is a stable name of the kind of problem, ``hint`` says what to do about it, ``location``
    where it is: a file and line, a key, a layer. The last two are None where there is nothing to say.
    """

    def __init__(
        self,
        message: str,
        code: Optional[str] = None,
        hint: Optional[str] = None,
        location: Optional[str] = None,
    ) -> None:
        super().__init__(message, code, hint, location)
        self.message = message
        self.code = code
        self.hint = hint
        self.location = location

    def __str__(self) -> str:
        lines = [self.message]
        if self.hint and self.hint not in self.message:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class ConfigError(PimnasError, ValueError):
    """A hardware description, or an option, that cannot be used."""


class NetworkError(PimnasError, ValueError):
    """A network, its weights or its inputs that cannot be used."""


class MappingError(PimnasError, ValueError):
    """A network that does not fit the hardware."""


class SearchError(PimnasError, ValueError):
    """A search space or a rollout that cannot be used."""


def restore_network(json: str, weights: Optional[dict[str, Any]]) -> Network:
    """The network that a pickle holds."""
    from pimnas import Network

    network = Network.from_json(json)
    return network if weights is None else network.with_weights(weights)
