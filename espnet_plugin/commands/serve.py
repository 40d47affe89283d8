"""``urgent26 serve``: a web page to enhance recordings on this machine."""

from espnet_plugin.commands.model_choice import add_model_arguments, choose_model

EPILOG = """
examples:
  urgent26 serve --checkpoint semambapp.pth --open
  urgent26 serve --checkpoint five_files/ --device cuda --max_minutes 10
  urgent26 serve --checkpoint model.zip --host 0.0.0.0 --port 8080

The page takes files and the microphone, lets you hear and see before and after, and gives the result in the
format of the recording. Everything stays on this machine: the page asks no other server for anything, and
recordings are deleted after --keep_minutes and at the end of the server.

Without a browser, answered with the enhanced file (options such as level=match as on the page):
  curl --data-binary @noisy.wav 'http://127.0.0.1:7860/enhance?name=noisy.wav' -o clean.wav

By default only this machine reaches the server. With another --host everybody in that network may use it,
without password or encryption, and browsers give it no microphone; a proxy with https mends both. Tell the
page's name behind a proxy with --name.
"""


def add_arguments(parser):
    """Describe the arguments."""
    import argparse

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    add_model_arguments(parser)
    server = parser.add_argument_group("server")
    server.add_argument(
        "--host", default="127.0.0.1", help="to listen at (default: 127.0.0.1, this machine only)"
    )
    server.add_argument("--port", type=int, default=7860, help="0: any that is free (default: 7860)")
    server.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="the page's host name in browsers, behind a proxy",
    )
    server.add_argument("--open", action="store_true", help="open the page in a browser")
    limits = parser.add_argument_group("limits")
    for name, default, words in (
        ("--max_mb", 200.0, "size of a file in MB"),
        ("--max_minutes", 30.0, "length of a recording"),
        ("--keep_minutes", 60.0, "how long results are kept"),
    ):
        limits.add_argument(
            name, type=float, default=default, metavar="N", help=f"{words} (default: {default:g})"
        )
    limits.add_argument(
        "--queue", type=int, default=8, metavar="N", help="recordings that may wait at a time (default: 8)"
    )


def run(arguments) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    import functools
    import signal
    import sys
    import webbrowser

    from espnet_plugin.errors import UserError, missing_module

    for name in ("max_mb", "max_minutes", "keep_minutes", "queue"):
        if not getattr(arguments, name) > 0:
            raise UserError(f"--{name} is a number above 0, not {getattr(arguments, name)}")
    try:
        from espnet_plugin.serve.queue import Limits
        from espnet_plugin.serve.server import is_loopback, serve
    except ModuleNotFoundError as error:
        raise missing_module(error.name or "starlette", "the web page") from error

    limits = Limits(
        upload_bytes=round(arguments.max_mb * 1e6),
        recording_s=60 * arguments.max_minutes,
        places=arguments.queue,
        keep_s=60 * arguments.keep_minutes,
    )

    def ready(url, description):
        print(f"{description.model} on {description.device}: {url} (Ctrl-C ends it)", flush=True)
        if arguments.open:
            webbrowser.open(url)

    if not is_loopback(arguments.host):
        print(
            f"warning: whoever reaches {arguments.host} may use this server, without password or encryption",
            file=sys.stderr,
        )
    before = signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # files are removed then
    try:
        choose = functools.partial(choose_model, arguments)
        serve(choose, limits, arguments.host, arguments.port, arguments.name, ready)
    except KeyboardInterrupt:
        print("ended; all recordings are deleted")
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0
