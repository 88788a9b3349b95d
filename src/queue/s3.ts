// s3://bucket/prefix: the same requests, signed as S3 and what speaks like it (MinIO, Ceph) ask for; aws4fetch is loaded when it is first needed.
import { LanError, messageOf } from '../core/errors.js';
import { madeWith } from '../core/version.js';
import type { Fetch } from './remote-store.js';

/**
 * The HTTP(S) address below which a bucket's contents lie, who signs the requests, and what messages call it. Keys, region and endpoint come from the environment, as
 * for the tools of AWS: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION (us-east-1), AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.
 * Throws LanError (`usage`) without a bucket or keys, (`install`) without the package.
 */
export async function signedForS3(
  place: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<readonly [address: string, fetched: Fetch, shown: string]> {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})(?:\/([^?#]*))?$/i.exec(place) ?? [];
  if (bucket === undefined)
    throw new LanError(
      'usage',
      `\`store\`: expected s3://bucket or s3://bucket/prefix, received '${place.replace(/\/\/.*@/s, '//').slice(0, 100)}'.`,
    );
  const [accessKeyId, secretAccessKey] = [env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY']];
  if (!accessKeyId || !secretAccessKey)
    throw new LanError('usage', `\`store\`: ${place} is signed for with keys that are not there.`, 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.'); // prettier-ignore
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'us-east-1';
  const endpoint = env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'];
  // Servers of one's own have no host a bucket.
  const home = endpoint ? `${endpoint.replace(/\/+$/, '')}/${bucket}` : `https://${bucket}.s3.${region}.amazonaws.com`;
  const { AwsClient } = await load();
  // What fails is tried again by whoever asks.
  const client = new AwsClient({ accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'], region, service: 's3', retries: 0 }); // prettier-ignore
  const address = `${home}/${prefix}`.replace(/\/+$/, '');
  return [address, (at, request) => client.fetch(at, request), `s3://${bucket}/${prefix}`.replace(/\/+$/, '')];
}

async function load(): Promise<typeof import('aws4fetch')> {
  try {
    return await import('aws4fetch');
  } catch (error) {
    throw new LanError(
      'install',
      `\`store\`: s3:// needs the package aws4fetch, which cannot be loaded (${messageOf(error).split('\n')[0]}).`,
      `Install it: npm install aws4fetch@${madeWith('aws4fetch') ?? 'latest'}.`,
    );
  }
}
