"""Exports small random models of many architecture families, each in a folder of its own, for lan-onnx to read.

    python tools/families/export.py OUT [--only REGEX] [--missing]

OUT/names.json lists all that there are, and OUT/families.json says of each what it is and where its file lies, or why it could not be made: a package that is not installed is no error.
"""
import argparse
import contextlib
import importlib
import json
import os
import pathlib
import re
import sys
import time
import traceback
import warnings
import zlib

GROUPS = ['vision_torchvision', 'vision_timm', 'vision_transformers', 'text', 'audio', 'keras_nhwc', 'tables', 'fused', 'formats']


@contextlib.contextmanager
def silent():
    """Exporters print graphs; those of C++ past sys.stdout."""
    sys.stdout.flush(), sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with open(os.devnull, 'w') as nowhere:
        os.dup2(nowhere.fileno(), 1), os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        for fd, old in zip((1, 2), kept):
            os.dup2(old, fd), os.close(old)


def seed(name: str) -> None:
    """The same weights for the same name, whatever else is exported."""
    n = zlib.crc32(name.encode())
    import numpy as np

    np.random.seed(n)
    if 'torch' in sys.modules:
        sys.modules['torch'].manual_seed(n)
    if 'keras' in sys.modules:
        sys.modules['keras'].utils.set_random_seed(n)


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument('out', type=pathlib.Path)
    args.add_argument('--only', default='', help='families whose name matches this pattern')
    args.add_argument('--missing', action='store_true', help='those that OUT lacks')
    a = args.parse_args()
    warnings.filterwarnings('ignore')
    os.environ.setdefault('KERAS_BACKEND', 'torch')
    os.environ.setdefault('TOKENIZERS_PARALLELISM', 'false')
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    a.out.mkdir(parents=True, exist_ok=True)
    index = a.out / 'families.json'
    rows = {r['name']: r for r in json.loads(index.read_text())} if index.exists() else {}
    names = set()
    whole = True
    for group in GROUPS:
        try:
            families = importlib.import_module(group).families()
        except ImportError as e:
            print(f'{group}: {e.name or e} is not installed', file=sys.stderr)
            whole = False
            continue
        for name, family, exporter, kind, make in families:
            names.add(name)
            done = rows.get(name)
            if not re.search(a.only, name) or (a.missing and done and 'file' in done):
                continue
            folder = a.out / re.sub(r'[^a-z0-9.]+', '-', name.lower())
            folder.mkdir(exist_ok=True)
            start = time.time()
            row = {'name': name, 'family': family, 'exporter': exporter, 'kind': kind}
            try:
                seed(name)
                with silent():
                    row.update(make(folder))
                row['file'] = str(pathlib.Path(row['file']).relative_to(a.out))
            except Exception as e:  # One that cannot be exported says so in the table.
                if os.environ.get('FAMILIES_TRACE'):
                    traceback.print_exc()
                said = ' '.join(str(e).split())
                row = {**{k: row[k] for k in ('name', 'family', 'exporter', 'kind')}, 'problem': f'{type(e).__name__}: {said[:300]}'}
            rows[name] = row
            index.write_text(json.dumps(list(rows.values()), indent=1))
            print(f"{'ok' if 'file' in row else '--'} {name} ({time.time() - start:.1f} s) {row.get('problem', '')[:160]}", flush=True)
    if whole:  # What is no longer a family has no row.
        index.write_text(json.dumps([r for r in rows.values() if r['name'] in names], indent=1))
        (a.out / 'names.json').write_text(json.dumps(sorted(names), indent=1))


if __name__ == '__main__':
    main()
