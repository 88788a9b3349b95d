// The page in which a person drops a model and a picture and watches attention form: four steps, and what went wrong.
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useDrop } from './drop.js';
import type { Handed } from './dropped.js';
import { tankWith } from './examples.js';
import { inPage } from './figures.js';
import { FindingStep } from './finding-step.js';
import { named } from './given.js';
import { LearnStep } from './learn-step.js';
import { ModelStep, Notes } from './model-step.js';
import { PictureStep } from './picture-step.js';
import type { Session } from './session-of-page.js';
import { useSession } from './use-session.js';
import type { Problem, State } from './state.js';

/** The page. */
export function App(): VNode {
  const [state, session] = useSession();
  const take = ({ files, folder, problem }: Handed): void =>
    problem ? session.fail(problem.problem, problem.advice) : void session.hand(files, folder);
  const over = useDrop(take);
  useEffect(() => void openNamed(session), []);
  return (
    <main class={over ? 'app over' : 'app'} aria-busy={state.opening !== undefined}>
      <header>
        <p class="kicker">lan-onnx{state.runtime ? ` ${state.runtime.version}` : ''}</p>
        <h1>What did the classifier need?</h1>
        <p>
          Give an ONNX model and a picture, a text or a row of a table. This page learns, in your browser, how much of it can be
          replaced by noise while the model keeps its answer; what is left is what the model needed. <b>Nothing is uploaded</b>:
          the page can talk to nobody but the place that it came from.
        </p>
        <Runtime state={state} />
      </header>
      {state.problem && <Failure problem={state.problem} trust={() => session.trust()} dismiss={() => session.dismiss()} />}
      <div class="two">
        <ModelStep
          state={state}
          take={take}
          choose={(name) => void session.choose(name)}
          tank={(picture) => void openTank(session, picture)}
          cancel={() => session.cancel()}
        />
        <PictureStep state={state} session={session} take={take} card={(card) => session.card(card)} />
      </div>
      <LearnStep state={state} session={session} />
      {/* Comes while a mask is learned: what is looked at must not move. */}
      <Further state={state} />
      <FindingStep finding={state.finding} gradient={state.gradient} exportGradient={() => session.exportGradient()} />
      {over && (
        <p class="drop" aria-hidden="true">
          Drop it: a model, a folder, a picture, a text, a table
        </p>
      )}
    </main>
  );
}

/** What the worker said beside its answers, but for what stands with them. */
function Further({ state: { notes, model, predicted } }: { readonly state: State }): VNode | null {
  const elsewhere = new Set([...(model?.notes ?? []), ...(predicted?.notes ?? [])]);
  const further = notes.filter((note) => !elsewhere.has(note));
  return further.length > 0 ? <Notes notes={further} /> : null;
}

const Runtime = ({ state: { worker, runtime } }: { readonly state: State }): VNode => (
  <p class="quiet runtime" role="status">
    {worker === 'starting' && 'Starting …'}
    {worker === 'ready' &&
      runtime &&
      (runtime.isolated
        ? `Ready: ${runtime.threads} ${runtime.threads === 1 ? 'thread' : 'threads'} of WebAssembly${runtime.webgpu ? '; learning is tried on WebGPU' : ''}.`
        : 'Ready, on one thread: the host of this page does not isolate it (Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy). lan-onnx serve does, and is faster.')}
    {worker === 'broken' && 'Not running.'}
  </p>
);

function Failure({
  problem: { problem, advice, late },
  trust,
  dismiss,
}: {
  readonly problem: Problem;
  readonly trust: () => void;
  readonly dismiss: () => void;
}): VNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.scrollIntoView({ block: 'nearest' }), [problem]);
  return (
    <div class="failure" role="alert" ref={place}>
      <p>
        <b>{inPage(problem)}</b>
      </p>
      {advice && <p>{inPage(advice)}</p>}
      {late && (
        <p class="buttons">
          <button type="button" onClick={trust} aria-describedby="trust">
            Run it anyway
          </button>
          <span id="trust">
            without a limit: it may keep this machine busy until you cancel it, and reaches nothing outside this page
          </span>
        </p>
      )}
      <button type="button" onClick={dismiss}>
        Close this message
      </button>
    </div>
  );
}

async function openTank(session: Session, picture: string): Promise<void> {
  try {
    const { found, card } = await tankWith(picture);
    await session.hand(found, undefined, card);
  } catch {
    session.fail('The example cannot be loaded.', 'Is the server that this page came from still running?');
  }
}

/** What the command line named, at the start of the page. */
async function openNamed(session: Session): Promise<void> {
  try {
    const found = await named(location.hash);
    if (found?.picture) await session.hand([found.picture]);
    if (found?.model) await session.hand(found.model.files, found.model.folder, found.model.card);
  } catch {
    session.fail('What was named on the command line cannot be loaded.', 'Is lan-onnx serve still running, and was it started anew since? Open the address that it prints.'); // prettier-ignore
  }
}
