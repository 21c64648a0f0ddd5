"""Python's collector of reference cycles, out of the way while much is made that lives on.

It goes through what is alive again and again as objects are made. Tables, documents and priced resources
are hundreds of thousands of objects without a cycle among them: collecting doubles the time of reading a
price table, and takes a fifth of a large diff's, a quarter of a preview's: an SDK's classes are many, and
its resources stay until the end.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Collect nothing within; also a decorator: `@paused()`."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
