//! What the write lane tells about itself.
import { Histogram, type Registry } from 'prom-client'

/** To be handed to `openStore` as `onBatch`. */
export function laneMetrics(registry: Registry): (jobs: number, waitMs: number) => void {
  const registers = [registry]
  const size = new Histogram({
    name: 'write_lane_batch_jobs',
    help: 'How many bodies shared one commit.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    registers,
  })
  const wait = new Histogram({
    name: 'write_lane_wait_seconds',
    help: 'How long the first body of a batch waited for it to begin.',
    buckets: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    registers,
  })
  return (jobs, waitMs) => {
    size.observe(jobs)
    wait.observe(waitMs / 1000)
  }
}
