// What an exported explainer (lan.onnx) says: the mask of a picture at once, or of what a camera sees, frame by frame.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Legend } from '../blocks/pictures.js';
import { attended, Canvas, LEGEND } from './pixels.js';
import type { Pixels } from './protocol.js';
import type { State, Told } from './state.js';
import type { Session } from './session-of-page.js';

/** Milliseconds of a mask that was made at once. */
const ms = (seconds: number): string => `${Math.max(1, Math.round(1000 * seconds))} ms`;

/** The picture, or the camera, beside the mask. */
export function ExplainerView({ state, session }: { readonly state: State; readonly session: Session }): VNode {
  const { photo, explained, model } = state;
  const [camera, setCamera] = useState(false);
  const [frame, setFrame] = useState<Pixels>();
  const shape = model?.model.inputs[0]?.shape ?? [];
  const [height = 224, width = 224] = shape.slice(-2);
  const shown = camera ? frame : photo;
  return (
    <>
      <p class="buttons">
        <button
          type="button"
          aria-pressed={camera}
          onClick={() => {
            setCamera(!camera);
            // The mask that is shown is that of the camera's last picture.
            if (camera && photo) session.explain(photo);
          }}
        >
          {camera ? 'Stop the camera' : 'Use the camera'}
        </button>
        <span class="quiet">what it sees stays in this page</span>
      </p>
      {camera && (
        <Camera
          width={width}
          height={height}
          explained={explained}
          look={(pixels) => {
            setFrame(pixels);
            session.explain(pixels);
          }}
          fail={(text) => {
            setCamera(false);
            session.fail(text, 'Allow the camera in your browser, or choose a picture.');
          }}
        />
      )}
      <div class="seen">
        <figure>
          {shown ? <Canvas pixels={shown} label={camera ? 'What the camera sees' : 'The picture'} /> : <div class="place" />}
          <figcaption>
            <b>{camera ? 'the camera' : (photo?.name ?? 'a picture')}</b>
          </figcaption>
        </figure>
        <figure>
          {explained ? <Canvas pixels={maskOf(explained)} label="What was needed" /> : <div class="place" />}
          <figcaption>
            <b>what was needed</b>
            {explained && <span>{`as the explainer says, in ${ms(explained.seconds)}; without evidence`}</span>}
            <Legend {...LEGEND} />
          </figcaption>
        </figure>
      </div>
    </>
  );
}

const maskOf = ({ attention, height, width }: Told<'explained'>): Pixels => attended(attention, height, width, undefined);

/** Frames of the camera, the middle of each: the next one when the mask of the last has come. */
function Camera({
  width,
  height,
  explained,
  look,
  fail,
}: {
  readonly width: number;
  readonly height: number;
  readonly explained?: Told<'explained'>;
  readonly look: (pixels: Pixels) => void;
  readonly fail: (text: string) => void;
}): VNode {
  const video = useRef<HTMLVideoElement>(null);
  const [runs, setRuns] = useState(false);
  useEffect(() => {
    let stream: MediaStream | undefined;
    let over = false;
    const begin = async (): Promise<void> => {
      stream = await navigator.mediaDevices.getUserMedia({ video: true });
      if (over || !video.current) return stream.getTracks().forEach((track) => track.stop());
      video.current.srcObject = stream;
      await video.current.play();
      setRuns(true);
    };
    begin().catch(() => over || fail('The camera cannot be used.'));
    return () => {
      over = true;
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);
  useEffect(() => {
    const source = video.current;
    if (!runs || !source) return;
    const next = requestAnimationFrame(() => {
      const canvas = new OffscreenCanvas(width, height);
      const scale = Math.min(source.videoWidth / width, source.videoHeight / height);
      const [w, h] = [width * scale, height * scale];
      const context = canvas.getContext('2d', { willReadFrequently: true })!;
      context.drawImage(source, (source.videoWidth - w) / 2, (source.videoHeight - h) / 2, w, h, 0, 0, width, height);
      look({ width, height, rgba: context.getImageData(0, 0, width, height).data });
    });
    return () => cancelAnimationFrame(next);
  }, [runs, explained]);
  return <video ref={video} hidden muted playsInline />;
}
