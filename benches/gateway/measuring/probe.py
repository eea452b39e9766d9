"""What the server does: no measurement, but words."""
import os, socket, struct, time
from urllib.parse import quote

from measuring.contents import buffer
from measuring.meter import in_store, s3
from measuring.options import ARGUMENTS, BASE, MiB
from measuring.session import session


def probe():
    out = {}
    buf = buffer(20 * MiB)

    def trying(name):
        def deco(fn):
            f = None
            try:
                f = session()
                out[name] = fn(f)
            except Exception as e:
                out[name] = f'FAIL {type(e).__name__}: {e}'[:200]
            if f:
                f.kill()
            return fn
        return deco

    @trying('feat')
    def _(f):
        return ' '.join(f.cmd('FEAT')[1].split('\n')[1:-1])[:300]

    @trying('zero_byte')
    def _(f):
        f.stor('zero.bin', body=b'')
        st = in_store('zero.bin', 0)
        n = f.retr('zero.bin', buf)[0]
        return f'ok, {n} bytes back, in store {st}, SIZE {f.cmd("SIZE " + f.pfx + "zero.bin")[1]}'

    body = os.urandom(3 * MiB + 17)

    @trying('stor_size_mdtm')
    def _(f):
        f.stor('p.bin', body=body)
        return f'SIZE {f.cmd("SIZE " + f.pfx + "p.bin")[1]!r} ({len(body)}), MDTM {f.cmd("MDTM " + f.pfx + "p.bin")[1]!r}'

    @trying('rest_retr')
    def _(f):
        n = f.retr('p.bin', buf, rest=1000001)[0]
        return 'ok' if bytes(buf[:n]) == body[1000001:] else f'WRONG DATA ({n} bytes, want {len(body) - 1000001})'

    @trying('overwrite_shorter')
    def _(f):
        f.stor('p.bin', body=body[:1000])
        n = f.retr('p.bin', buf)[0]
        return 'ok' if bytes(buf[:n]) == body[:1000] else f'WRONG DATA ({n} bytes)'

    @trying('appe')
    def _(f):
        f.stor('a.bin', body=b'A' * 1000)
        f.stor('a.bin', body=b'B' * 1000, verb='APPE')
        n = f.retr('a.bin', buf)[0]
        return 'ok' if bytes(buf[:n]) == b'A' * 1000 + b'B' * 1000 else f'WRONG DATA: {n} bytes, starts {bytes(buf[:4])}'

    @trying('rename')
    def _(f):
        f.stor('r1.bin', body=b'r' * 100)
        f.ok('RNFR ' + f.pfx + 'r1.bin', '3')
        f.ok('RNTO ' + f.pfx + 'r2.bin')
        n = f.retr('r2.bin', buf)[0]
        return f'ok {n}'

    @trying('dele_then_missing')
    def _(f):
        f.ok('DELE ' + f.pfx + 'r2.bin')
        d = f.data()
        r = f.cmd('RETR ' + f.pfx + 'r2.bin')
        d.close()
        return f'RETR after DELE: {r[1]!r}; SIZE: {f.cmd("SIZE " + f.pfx + "r2.bin")[1]!r}; DELE again: {f.cmd("DELE " + f.pfx + "r2.bin")[1]!r}'

    @trying('mkd_rmd')
    def _(f):
        a, b = f.cmd('MKD ' + f.pfx + 'sub'), f.cmd('CWD ' + f.pfx + 'sub')
        f.cmd('CWD ' + BASE)
        c, d = f.cmd('RMD ' + f.pfx + 'sub'), f.cmd('CWD ' + f.pfx + 'sub')
        return f'MKD {a[0]} CWD {b[0]} RMD {c[0]} CWD-after {d[0]}'

    @trying('rmd_nonempty')
    def _(f):
        f.cmd('MKD ' + f.pfx + 'full')
        f.stor('full/x.bin', body=b'x')
        c = f.cmd('RMD ' + f.pfx + 'full')
        return f'RMD {c[1]!r}; file still there: {in_store("full/x.bin", 1)}'

    @trying('names')
    def _(f):
        res = []
        for n in ('with space.bin', 'ümläut 文件.bin', 'plus+hash#percent%41&amp.bin', "quote'\".bin"):
            try:
                f.stor(n, body=b'n' * 10)
                back = f.retr(n, buf)[0] == 10
                try:
                    ls = f.listing('NLST' if not f.pfx else 'NLST ' + BASE)[0].decode('utf-8', 'replace')
                    seen = n in ls
                except Exception as e:
                    seen = f'{type(e).__name__}: {e}'
                    f.kill()
                    f = session()
                res.append(f'{n}: key {in_store(n, 10)} retr {back} nlst {seen}')
            except Exception as e:
                res.append(f'{n}: {e}')
                f.kill()
                f = session()
        return res

    @trying('list_other_dir')
    def _(f):
        f.ok('CWD /')
        b = f.listing(f'LIST /{ARGUMENTS.meta_dir}')[0].decode('utf-8', 'replace').split('\n')
        return f'{len([x for x in b if x.strip()])} lines, e.g. {b[0].strip()!r}'

    @trying('old_version_during_overwrite')
    def _(f):
        f.stor('ov.bin', body=b'o' * 1000)
        d = f.data()
        f.send('STOR ' + f.pfx + 'ov.bin')
        f.reply()
        d.sendall(b'n' * 100000)
        time.sleep(0.5)
        kept = in_store('ov.bin', 1000)
        d.close()
        f.reply()
        return f'old object still whole while the new one is being sent: {kept}; new one in store at the 226: {in_store("ov.bin", 100000)}'

    @trying('abort_upload_reset')
    def _(f):
        d = f.data()
        f.send('STOR ' + f.pfx + 'aborted.bin')
        f.reply()
        part = os.urandom(MiB)
        for _ in range(40):
            d.sendall(part)
        time.sleep(0.3)
        d.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        d.close()
        r = f.reply()
        time.sleep(1.5)
        o = s3(f'/__sha?bucket={ARGUMENTS.bucket}&key={quote((BASE + "/aborted.bin").lstrip("/"))}') or {}
        st = s3('/__stats') or {}
        return f'reply {r[1]!r}; object exists {o.get("exists")} size {o.get("size")}; uploads left open {st.get("uploads_open")}'

    @trying('ctl_lost_mid_upload')
    def _(f):
        d = f.data()
        f.send('STOR ' + f.pfx + 'lost.bin')
        f.reply()
        part = os.urandom(MiB)
        for _ in range(40):
            d.sendall(part)
        time.sleep(0.3)
        for s in (f.s, d):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            s.close()
        time.sleep(1.5)
        o = s3(f'/__sha?bucket={ARGUMENTS.bucket}&key={quote((BASE + "/lost.bin").lstrip("/"))}') or {}
        st = s3('/__stats') or {}
        return f'object exists {o.get("exists")} size {o.get("size")}; uploads left open {st.get("uploads_open")}'
    return out
