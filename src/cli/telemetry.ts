// Traces and metrics by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT names who takes them; its packages are loaded then, and nothing leaves the machine without it.
import { LanError, messageOf } from '../core/errors.js';
import { madeWith, version } from '../core/version.js';
import type { Fields } from './io.js';
import { looseEnd } from '../core/loose-ends.js';

/** What is measured while a command runs. */
export interface Telemetry {
  /** An event of a command: inputs and jobs are counted and have a span each, steps a second are measured. */
  event(name: string, fields: Fields): void;
  /** Ends the command's span and sends what is left; an endpoint that is away costs some seconds and no result. */
  stop(code: number): Promise<void>;
}

const PACKAGES = ['api', 'sdk-trace', 'sdk-metrics', 'resources', 'exporter-trace-otlp-http', 'exporter-metrics-otlp-http'];
/** Milliseconds that the last sending may take. */
const PATIENCE = 3000;

async function load() {
  try {
    const [api, trace, metrics, resources, traces, measures] = await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/exporter-metrics-otlp-http'),
    ]);
    return { api, trace, metrics, resources, traces, measures };
  } catch (error) {
    throw new LanError(
      'install',
      `OTEL_EXPORTER_OTLP_ENDPOINT is set, and its packages cannot be loaded (${messageOf(error).split('\n')[0]}).`,
      `Install them: npm install ${PACKAGES.map((name) => `@opentelemetry/${name}@${madeWith(`@opentelemetry/${name}`) ?? 'latest'}`).join(' ')}; or unset it.`,
    );
  }
}

/** Begins the span of a command; undefined where no endpoint is set. Throws LanError (`usage`) for settings that are none, (`install`) without the packages. */
export async function startTelemetry(
  command: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Telemetry | undefined> {
  const endpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint) return undefined;
  // The exporters would send to localhost in its place, and say nothing.
  if (!/^https?:\/\//i.test(endpoint) || !URL.canParse(endpoint))
    throw new LanError('usage', 'OTEL_EXPORTER_OTLP_ENDPOINT: expected an address that begins with http:// or https://, as in http://localhost:4318.'); // prettier-ignore
  const interval = env['OTEL_METRIC_EXPORT_INTERVAL'] || '60000';
  if (!/^[1-9]\d{0,8}$/.test(interval))
    throw new LanError('usage', `OTEL_METRIC_EXPORT_INTERVAL: expected milliseconds, a whole number of at least 1, received '${interval}'.`); // prettier-ignore
  const { api, trace, metrics, resources, traces, measures } = await load();
  const resource = resources.resourceFromAttributes({
    'service.name': env['OTEL_SERVICE_NAME'] ?? 'lan-onnx',
    'service.version': version(),
  });
  const tracing = new trace.TracerProvider({
    resource,
    spanProcessors: [new trace.BatchSpanProcessor({ exporter: new traces.OTLPTraceExporter() })],
  });
  const reader = new metrics.PeriodicExportingMetricReader({
    exporter: new measures.OTLPMetricExporter(),
    exportIntervalMillis: Number(interval),
  });
  const metering = new metrics.MeterProvider({ resource, readers: [reader] });
  const tracer = tracing.getTracer('lan-onnx', version());
  const meter = metering.getMeter('lan-onnx', version());
  const jobs = meter.createCounter('lan_onnx.jobs', { description: 'inputs that were explained or tried' });
  const failures = meter.createCounter('lan_onnx.failures', { description: 'inputs that could not be explained, and tries that failed' });
  const pace = meter.createHistogram('lan_onnx.steps_per_second', { description: 'steps of learning a mask', unit: '{step}/s' });
  meter
    .createObservableGauge('process.memory.usage', { description: 'resident memory of this process', unit: 'By' })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  const span = tracer.startSpan(command);
  const within = api.trace.setSpan(api.ROOT_CONTEXT, span);
  return {
    event(name, fields) {
      if (name !== 'input' && name !== 'job') return;
      const { seconds = 0, stepsPerSecond, error } = fields;
      const now = Date.now();
      const attributes = Object.fromEntries(Object.entries(fields).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]])));
      const one = tracer.startSpan(name, { startTime: now - 1000 * Number(seconds), attributes }, within);
      if (error !== undefined) one.setStatus({ code: api.SpanStatusCode.ERROR, message: String(error) });
      one.end(now);
      jobs.add(1, { command });
      if (error !== undefined) failures.add(1, { command });
      if (stepsPerSecond !== undefined) pace.record(Number(stepsPerSecond), { command });
    },
    async stop(code) {
      if (code === 2) span.setStatus({ code: api.SpanStatusCode.ERROR });
      span.setAttribute('exit.code', code);
      span.end();
      const late = new Promise((done) => setTimeout(done, PATIENCE).unref());
      // What could not be sent in time is tried again, for many seconds.
      const settled = looseEnd();
      const sent = Promise.allSettled([tracing.shutdown(), metering.shutdown()]);
      await Promise.race([sent.then(settled), late]);
    },
  };
} // prettier-ignore
