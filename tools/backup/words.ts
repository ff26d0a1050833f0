//! A backup in words.
import { wordsOf as placeWords } from '../data/homes.ts'
import type { Made } from './make.ts'

export function wordsOf({ manifest, heldMs, seconds, missing, behind }: Made, folder: string): string {
  const { copies, moment } = manifest
  return [
    ...copies.map(({ service, bytes, rows }) => {
      const all = Object.values(rows).reduce((sum, count) => sum + count, 0)
      return `${service.padEnd(10)} ${all} rows, ${(bytes / 1_048_576).toFixed(1)} MiB`
    }),
    ...missing.map(({ service, place }) => `${service.padEnd(10)} has no data in ${placeWords(place)}`),
    ...behind.map(
      ({ reader, stream, facts }) =>
        `WARNING: ${reader} has not read ${facts} facts of ${stream} that only NATS still has. Let it catch up, and make another backup.`,
    ),
    `all as of ${moment}, in ${folder} (${seconds.toFixed(1)} s; writes waited for ${heldMs.toFixed(1)} ms)`,
  ].join('\n')
}
