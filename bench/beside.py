"""Time to a certified claim, and time of a step, beside PyTorch: lan-onnx, the paper's loop, extremal perturbation and RISE on the same networks, machine and threads.

usage: python3 bench/beside.py PHOTO PHOTO [PHOTO ...] [--model FILE.onnx] [--out FOLDER] [--threads 2] [--limit 60] [--rounds 8] [--repeats 1] [--only steps|claims]
Needs torch, torchvision, onnx, numpy and pillow, and this repository with its packages (make setup). Writes FOLDER/beside.json and prints tables.

--model takes a trained convolutional classifier with its card beside it (FILE.card.json), which PyTorch runs node by node; it may be given several times.
Without it the networks are torchvision's shapes with random weights, since trained ones have to be downloaded: batch norms are set by the photos' statistics, and a last
layer is fitted (least squares on random crops) that tells the photos from each other and from noise. So an answer depends on the photo, and can be lost.

A method orders the pixels. Its claim: the largest share of them, the least needed first, that is replaced entirely by uniform noise while 95 % of 64 draws keep the
answer; it is then certified on 256 other draws. Shares that are tried: some round ones, that of lan-onnx's mask, which is
what `audit` claims, and that of the mask itself where the paper's loop makes one. The same judge for all; judging is not part of the time. The paper's loop (Adam, rate
0.05, one draw, a value per pixel, start at one half, lan-onnx's beta) and RISE are looked at in growing intervals, until they claim what lan-onnx does or the limit is over.
"""
import argparse, json, math, os, subprocess, sys, time, warnings
import numpy as np, torch, torchvision.models as models, torch.nn.functional as F
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument('photos', nargs='+')
parser.add_argument('--out', default='out/beside')
parser.add_argument('--threads', type=int, default=2)
parser.add_argument('--limit', type=float, default=60, help='seconds for each other method, network and photo')
parser.add_argument('--rounds', type=int, default=8, help='rounds of steps, each of 3 steps by both')
parser.add_argument('--repeats', type=int, default=1, help='how many photos are explained')
parser.add_argument('--draws', type=int, default=4, help='noise draws of a timed step')
parser.add_argument('--only', choices=['steps', 'claims'])
parser.add_argument('--model', action='append', default=[], help='a trained classifier in place of --networks')
parser.add_argument('--networks', default='googlenet,resnet18,squeezenet1_1,mobilenet_v2', help='with commas in between; claims are not made of resnet18')
args = parser.parse_args()
if len(args.photos) < 2 and not args.model:
    parser.error('at least two photos: a network has to tell them apart')
torch.set_num_threads(args.threads)
torch.manual_seed(0)
np.random.seed(0)
# The older exporter needs no further package.
warnings.filterwarnings('ignore', category=DeprecationWarning)
HERE = os.path.dirname(os.path.abspath(__file__))
SHARES = [.05, .1, .2, .3, .4, .5, .6, .65, .7, .75, .8, .85, .9, .95, .97, .99]
os.makedirs(args.out, exist_ok=True)


def picture(path, size):
    """[1,3,size,size] in [0,1]: the shorter side resized, the middle cut out."""
    image = Image.open(path).convert('RGB')
    scale = size / min(image.size)
    image = image.resize([max(size, round(side * scale)) for side in image.size], Image.BILINEAR)
    left, top = [(side - size) // 2 for side in image.size]
    pixels = np.asarray(image.crop((left, top, left + size, top + size)), dtype=np.float32) / 255
    return torch.tensor(pixels).permute(2, 0, 1)[None]


PHOTOS = [picture(path, 224) for path in args.photos]
# What random networks take; a trained one has a card of its own.
CARD = dict(input=dict(layout='NCHW', size=[224, 224], channels='RGB', range=1, mean=[.485, .456, .406], std=[.229, .224, .225]), output='probabilities')


class Whole(torch.nn.Module):
    """Features of a torchvision network, averaged, and a last layer. Takes normalised values, gives probabilities."""

    def __init__(self, name, classes):
        super().__init__()
        kind = dict(aux_logits=False, init_weights=True) if name == 'googlenet' else {}
        net = getattr(models, name)(weights=None, **kind)
        if name in ('squeezenet1_1', 'mobilenet_v2'):
            self.body = torch.nn.Sequential(net.features, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
        else:
            net.fc = torch.nn.Identity()
            self.body = net
        with torch.no_grad():
            width = self.body.eval()(torch.zeros(1, 3, 224, 224)).shape[1]
        self.last = torch.nn.Linear(width, classes)

    def forward(self, x):
        return self.last(self.body(x)).softmax(1)


class OfPixels(torch.nn.Module):
    """A network as its card says: takes RGB [N,3,H,W] in [0,1], gives probabilities."""

    def __init__(self, net, card):
        super().__init__()
        self.net, self.given = net, card['input']
        self.size = self.given['size'][0]
        self.logits = card.get('output', 'probabilities') == 'logits'
        self.mean, self.std = [torch.tensor(self.given.get(key, [default])).view(1, -1, 1, 1) for key, default in (('mean', 0.), ('std', 1.))]

    def forward(self, x):
        x = x * self.given.get('range', 1)
        if self.given.get('channels') == 'BGR':
            x = x.flip(1)
        x = (x - self.mean) / self.std
        out = self.net(x.permute(0, 2, 3, 1) if self.given.get('layout') == 'NHWC' else x).flatten(1)
        return out.softmax(1) if self.logits else out


class OfFile(torch.nn.Module):
    """An ONNX file, node by node in PyTorch's own operators: convolutional classifiers, in batches of any size."""

    def __init__(self, path):
        super().__init__()
        import onnx, onnx.numpy_helper
        graph = onnx.load(path).graph
        self.values = {i.name: torch.tensor(onnx.numpy_helper.to_array(i)) for i in graph.initializer}
        self.nodes = [(n.op_type, list(n.input), n.output[0], {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute}) for n in graph.node]
        self.input = next(i.name for i in graph.input if i.name not in self.values)
        self.output = graph.output[0].name
        unknown = {op for op, *_ in self.nodes} - set(self.OPS)
        if unknown:
            sys.exit(f'{path} has {", ".join(sorted(unknown))}, which bench/beside.py does not know.')

    def padded(x, pads, value=0.):
        """(x, padding as PyTorch's operators take it), where both sides are padded alike; else x padded."""
        half = len(pads) // 2
        if pads[:half] == pads[half:]:
            return x, pads[:half]
        return F.pad(x, [pads[i] for d in reversed(range(half)) for i in (d, d + half)], value=value), [0] * half

    def conv(x, w, b=None, *, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), group=1, **_):
        x, padding = OfFile.padded(x, list(pads))
        return F.conv2d(x, w, b, strides, padding, dilations, group)

    def max_pool(x, *, kernel_shape, strides=(1, 1), pads=(0, 0, 0, 0), ceil_mode=0, **_):
        x, padding = OfFile.padded(x, list(pads), -math.inf)
        return F.max_pool2d(x, kernel_shape, strides, padding, ceil_mode=bool(ceil_mode))

    def average_pool(x, *, kernel_shape, strides=(1, 1), pads=(0, 0, 0, 0), count_include_pad=0, **_):
        if any(pads) and pads[:2] != pads[2:]:
            raise NotImplementedError('averages with other pads at the end')
        return F.avg_pool2d(x, kernel_shape, strides, list(pads)[:2], count_include_pad=bool(count_include_pad))

    OPS = {
        'Conv': conv, 'MaxPool': max_pool, 'AveragePool': average_pool,
        'GlobalAveragePool': lambda x: x.mean((2, 3), keepdim=True),
        'Relu': torch.relu, 'Add': torch.add, 'MatMul': torch.matmul,
        'Clip': lambda x, low=None, high=None, *, min=None, max=None: x.clamp(low if low is not None else min, high if high is not None else max),
        'Concat': lambda *x, axis: torch.cat(x, axis),
        'Dropout': lambda x, *_, **__: x, 'Identity': lambda x: x,
        'Flatten': lambda x, axis=1: x.flatten(axis),
        'Gemm': lambda x, w, b=0., *, transB=0, **_: x @ (w.T if transB else w) + b,
        'Softmax': lambda x, axis=1: x.softmax(axis),
    }

    def forward(self, x):
        values = {**self.values, self.input: x}
        for op, inputs, output, attributes in self.nodes:
            values[output] = OfFile.OPS[op](*[values[i] if i else None for i in inputs], **attributes)
        return values[self.output].flatten(1)


def trained(path):
    """The network of an ONNX file, as its card says."""
    with open(os.path.splitext(path)[0] + '.card.json') as file:
        net = OfPixels(OfFile(path).eval(), json.load(file))
    return net, path


def crops(x, count, generator):
    """Random parts of a picture, at least half as wide, grown to its size."""
    out, size = [], x.shape[-1]
    for _ in range(count):
        side = int(torch.randint(size // 2, size + 1, (), generator=generator))
        top, left = [int(torch.randint(0, size - side + 1, (), generator=generator)) for _ in range(2)]
        out.append(F.interpolate(x[:, :, top:top + side, left:left + side], (size, size), mode='bilinear'))
    return torch.cat(out)


def fitted(name):
    """The network, its batch norms set and its last layer fitted: class i is photo i, the last one noise."""
    generator = torch.Generator().manual_seed(1)
    net = Whole(name, len(PHOTOS) + 1)
    whole = OfPixels(net, CARD)
    normalised = lambda x: (x - whole.mean) / whole.std
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    sets = [crops(x, 12, generator) for x in PHOTOS] + [torch.rand(12, 3, 224, 224, generator=generator)]
    with torch.no_grad():
        mixed = torch.cat([s[:4] for s in sets])
        net.train()
        for module in net.modules():
            if isinstance(module, torch.nn.Dropout):
                module.eval()
        net.body(normalised(mixed))
        net.eval()
        rows = torch.cat([net.body(normalised(s)) for s in sets]).double()
        centre, scale = rows.mean(0), rows.std() + 1e-12
        a = (rows - centre) / scale
        y = torch.eye(len(sets), dtype=torch.float64).repeat_interleave(12, 0)
        ridge = a.T @ torch.linalg.solve(a @ a.T + 1e-2 * a.shape[1] * torch.eye(len(a), dtype=torch.float64), 8 * (y - 1 / len(sets)))
        net.last.weight.copy_((ridge.T / scale).float())
        net.last.bias.copy_((-(centre / scale) @ ridge).float())
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    path = os.path.join(args.out, name + '.onnx')
    torch.onnx.export(net, torch.zeros(1, 3, 224, 224), path, input_names=['input'], output_names=['p'],
                      dynamic_axes={'input': {0: 'n'}, 'p': {0: 'n'}}, dynamo=False)
    with open(os.path.join(args.out, name + '.card.json'), 'w') as file:
        json.dump(CARD, file)
    return whole, path


class Side:
    """lan-onnx in a process of its own, which sleeps until it is asked."""

    def __init__(self, path, x, net):
        self.order = os.path.join(args.out, 'order.f32')
        given = os.path.join(args.out, 'input.f32')
        x.numpy().astype('<f4').tofile(given)
        script = [os.path.join(HERE, 'beside.ts'), path, given, self.order, '--threads', str(args.threads), '--draws', str(args.draws)]
        self.process = subprocess.Popen(['node', '--import', 'tsx', *script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        cwd=os.path.dirname(HERE))
        self.opened = self.answer()
        with torch.no_grad():
            apart = float((net(x)[0] - torch.tensor(self.opened['p'])).abs().max())
        if apart > 1e-3:
            sys.exit(f'{path}: PyTorch and lan-onnx are {apart:.2g} apart in a probability: they do not run the same network.')

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit('lan-onnx ended; its message is above.')
        return json.loads(line)

    def ask(self, order):
        self.process.stdin.write(json.dumps(order) + '\n')
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def paper(net, x, draws, beta):
    """The paper's loop: one step each time it is asked for the next mask [H,W]."""
    with torch.no_grad():
        target = net(x)
    theta = torch.zeros(1, 1, *x.shape[2:], requires_grad=True)
    adam = torch.optim.Adam([theta], lr=.05)
    while True:
        mask = torch.sigmoid(theta)
        noisy = mask * torch.rand(draws, *x.shape[1:]) + (1 - mask) * x
        loss = -(target * net(noisy).clamp_min(1e-12).log()).sum(1).mean() - beta * mask.mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        yield torch.sigmoid(theta.detach())[0, 0]


def rise(net, x, answer):
    """Petsiuk et al., 2018: cells of 8x8 kept with probability one half; 20 masks a turn. What is kept in good answers is needed."""
    size = x.shape[-1]
    total = torch.zeros(size, size)
    cell = math.ceil(size / 7)
    while True:
        grown = F.interpolate((torch.rand(20, 1, 8, 8) < .5).float(), 8 * cell, mode='bilinear')
        top, left = np.random.randint(0, cell, 2)
        kept = grown[:, :, top:top + size, left:left + size]
        with torch.no_grad():
            p = net(x * kept)[:, answer]
        total += (p.view(-1, 1, 1) * kept[:, 0]).sum(0)
        yield -total


def extremal(net, x, answer):
    """Fong et al., 2019: for each area the smooth mask of that size that keeps the answer best (blurred elsewhere), by SGD on a grid; the masks are summed."""
    size = x.shape[-1]
    blurred = F.interpolate(F.avg_pool2d(x, size // 8), (size, size), mode='bilinear')
    total = torch.zeros(size, size)
    for area in (.05, .1, .2, .4):
        grid = torch.full((1, 1, 32, 32), .5, requires_grad=True)
        sgd = torch.optim.SGD([grid], lr=.5, momentum=.9)
        wanted = (torch.arange(size * size) >= round((1 - area) * size * size)).float()
        for i in range(200):
            mask = F.interpolate(F.avg_pool2d(F.max_pool2d(grid, 3, 1, 1), 3, 1, 1), (size, size), mode='bilinear')
            p = net(mask * x + (1 - mask) * blurred)[:, answer].sum()
            loss = -p.clamp_min(1e-12).log() + (1 + i / 50) * 30 * ((mask.flatten().sort()[0] - wanted) ** 2).mean()
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            with torch.no_grad():
                grid.clamp_(0, 1)
            yield -(total + mask.detach()[0, 0])
        total += mask.detach()[0, 0]


def kept(net, x, answer, replaced, count, generator, least=0):
    """On how many of `count` draws the answer is kept; ends early where `least` is out of reach."""
    good = 0
    for start in range(0, count, 16):
        eta = torch.rand(16, *x.shape[1:], generator=generator)
        with torch.no_grad():
            good += int((net(torch.where(replaced, eta, x)).argmax(1) == answer).sum())
        if good + count - start - 16 < least:
            break
    return good


def claim(net, x, answer, order, shares):
    """The largest of `shares` that 61 of 64 draws keep, with what 256 other draws say; the largest values of `order` are replaced first."""
    ranks = order.flatten().argsort(descending=True, stable=True)
    for share in sorted(shares, reverse=True):
        replaced = torch.zeros(len(ranks), dtype=torch.bool)
        replaced[ranks[:round(share * len(ranks))]] = True
        replaced = replaced.view(1, 1, *x.shape[2:])
        if kept(net, x, answer, replaced, 64, torch.Generator().manual_seed(11), 61) >= 61:
            return dict(share=share, kept=kept(net, x, answer, replaced, 256, torch.Generator().manual_seed(99)))
    return dict(share=0, kept=0)


def race(net, x, answer, turns, aim, first, shares):
    """Takes turns until the claim reaches `aim` or the limit is over; judged after `first` turns, then in intervals grown by a half. Seconds are of the turns alone."""
    seconds, count, look, best = 0., 0, first, dict(share=0, kept=0)
    start = time.perf_counter()
    for order in turns:
        count += 1
        seconds += time.perf_counter() - start
        if count >= look or seconds > args.limit:
            look = math.ceil(count * 1.5)
            # What it claims, if that is more than before; nothing below is worth judging.
            # A mask's own share among them: what it gives more than half of to the noise.
            halved = float((order > .5).float().mean())
            found = claim(net, x, answer, order, [s for s in {*shares, halved} if s > best['share']])
            if found['share'] > best['share']:
                best = dict(found, seconds=seconds, turns=count)
            if best['share'] >= aim or seconds > args.limit:
                break
        start = time.perf_counter()
    return dict(best, reached=best['share'] >= aim > 0, all=seconds, turns_in_all=count)


def networks(*but):
    """Each network in turn: its name, as PyTorch runs it, its file, and the photos in its size."""
    for path in args.model:
        net, path = trained(path)
        yield os.path.splitext(os.path.basename(path))[0], net, path, [picture(photo, net.size) for photo in args.photos]
    for name in [] if args.model else [n for n in args.networks.split(',') if n not in but]:
        yield (name, *fitted(name), PHOTOS)


median = lambda values: sorted(values)[len(values) // 2]
result = dict(torch=torch.__version__, threads=args.threads, draws=args.draws, limit=args.limit, photos=[os.path.basename(p) for p in args.photos], steps=[], claims=[])

if args.only != 'claims':
    print(f'\nA step with its gradient, {args.draws} draws, {args.threads} threads, milliseconds: medians of {3 * args.rounds} in turns\n')
    print(f'{"network":<16}{"PyTorch":>9}{"lan-onnx":>10}{"times as fast":>15}', flush=True)
    for name, net, path, photos in networks():
        side = Side(path, photos[0], net)
        loop = paper(net, photos[0], args.draws, side.opened['beta'])
        theirs, ours = [], []
        for turn in range(args.rounds + 1):
            next(loop)
            taken = []
            for _ in range(3):
                start = time.perf_counter()
                next(loop)
                taken.append((time.perf_counter() - start) * 1e3)
            more = side.ask(dict(steps=3))['milliseconds']
            # The first turn warms both up.
            if turn > 0:
                theirs += taken
                ours += more
        side.close()
        row = dict(network=name, torch=median(theirs), lan=median(ours), ratio=median(theirs) / median(ours))
        result['steps'].append(row)
        print(f'{name:<16}{row["torch"]:>9.1f}{row["lan"]:>10.1f}{row["ratio"]:>15.2f}', flush=True)

if args.only != 'steps':
    print(f'\nClaims (share replaced, how often 256 draws kept the answer) and the seconds of finding them; at most {args.limit:g} s each, {args.threads} threads\n')
    print(f'{"network":<16}{"photo":<16}{"method":<22}{"share":>6}{"kept":>6}{"seconds":>9}{"turns":>7}  {"":<24}', flush=True)
    for name, net, path, photos in networks('resnet18'):
        for index in range(min(args.repeats, len(photos))):
            x, photo = photos[index], os.path.splitext(os.path.basename(args.photos[index]))[0][:14]
            with torch.no_grad():
                answer = int(net(x).argmax())
            side = Side(path, x, net)
            told = side.ask(dict(learn=True))
            order = torch.tensor(np.fromfile(side.order, '<f4').reshape(*x.shape[2:]))
            beta = side.opened['beta']
            side.close()
            shares = [*SHARES, told['share']]
            own = dict(claim(net, x, answer, order, shares), seconds=told['seconds'], turns=told['steps'], opening=side.opened['opened'], reached=True)
            aim = own['share']
            others = {
                'lan-onnx': lambda: own,
                "the paper's loop": lambda: race(net, x, answer, paper(net, x, 1, beta), aim, 50, shares),
                'RISE': lambda: race(net, x, answer, rise(net, x, answer), aim, 10, shares),
                'extremal perturbation': lambda: race(net, x, answer, extremal(net, x, answer), aim, 200, shares),
            }
            for method, run in others.items():
                row = run()
                # Against what was needed to reach the same claim; where it was not reached, against all that was spent.
                times = (row['seconds'] if row['reached'] else row['all']) / own['seconds']
                said = f'opening {own["opening"]:.1f} s' if row is own else f'{times:.1f} times as long' if row['reached'] else f'not reached in {times:.1f} times as long'
                result['claims'].append(dict(row, network=name, photo=photo, method=method, times=times))
                print(f'{name:<16}{photo:<16}{method:<22}{row["share"]:>6.0%}{row["kept"]:>6}{row.get("seconds", row.get("all")):>9.1f}{row.get("turns", 0):>7}  {said}', flush=True)

with open(os.path.join(args.out, 'beside.json'), 'w') as file:
    json.dump(result, file, indent=1)
print(f'\n{os.path.join(args.out, "beside.json")}')
