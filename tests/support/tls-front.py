#!/usr/bin/env python3
"""TLS in front of a server that has none: CERTIFICATE KEY HOST:PORT.

Prints its own port; ends when standard input does. Writes a line for each handshake into the file
`handshakes`: full or resumed.
"""
import asyncio
import ssl
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def main(certificate, key, target):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    host, port = target.rsplit(":", 1)

    async def serve(reader, writer):
        resumed = writer.get_extra_info("ssl_object").session_reused
        with open("handshakes", "a") as handshakes:
            handshakes.write("resumed\n" if resumed else "full\n")
        behind, into = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copy(reader, into), copy(behind, writer))

    # A handshake that fails is the client's to tell.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(*sys.argv[1:]))
