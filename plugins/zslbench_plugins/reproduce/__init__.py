"""``zslbench reproduce``: a paper's experiments as plans of ordinary components, and one page."""

from zslbench.hookspecs import RegisterCommand, hookimpl

ZSLBENCH_API = 1


@hookimpl
def register_commands(register: RegisterCommand) -> None:
    """Offer the command."""
    register(
        "reproduce",
        "zslbench_plugins.reproduce.command:reproduce",
        "Run a whole paper's experiments, and write one page of them.",
    )
