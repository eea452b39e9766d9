"""Files that are sent, with their hashes, and buffers for what is received."""
import hashlib, mmap, os

from measuring.options import ARGUMENTS, MiB


def source(mib):
    p = f'{ARGUMENTS.shm}/ftpbench-src-{mib}m.bin'
    if not os.path.exists(p) or os.path.getsize(p) != mib * MiB:
        with open(p + '.tmp', 'wb') as f:
            for _ in range(mib):
                f.write(os.urandom(MiB))
        os.rename(p + '.tmp', p)
    fd = os.open(p, os.O_RDONLY)
    hp = p + '.sha256'
    if not os.path.exists(hp):
        m = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
        open(hp, 'w').write(hashlib.sha256(m).hexdigest())
        m.close()
    return fd, mib * MiB, open(hp).read()


def buffer(n):
    m = mmap.mmap(-1, n)
    mv = memoryview(m)
    for i in range(0, n, 4096):
        m[i] = 1
    return mv
