"""What a server sends leaves at once."""

import asyncio
import socket

from aira.voice.processes import listen


def test_the_kernel_waits_for_no_more() -> None:
    """Nagle's algorithm would keep the second half of an answer back until the first is acknowledged."""

    async def seen() -> int:
        answer = asyncio.get_running_loop().create_future()

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            answer.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen("127.0.0.1", 0) as listening:
            async with await asyncio.start_server(connected, sock=listening):
                _, writer = await asyncio.open_connection(*listening.getsockname())
                told = await answer
                writer.close()
        return int(told)

    assert asyncio.run(seen()) == 1
