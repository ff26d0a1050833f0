//! Which services run under a fault: those that a purchase goes through, or everybody who listens or is asked.
import { findRpcMethods } from '../../tools/generate/contracts.ts'
import { readings } from '../../tools/verify/readings.ts'
import { purchasePath } from '../harness/system.ts'

/** They are killed, cut off and set back while buyers trade. */
export const services: readonly string[] = purchasePath

/** Those, and everybody else who reads a stream, fills one, or answers questions over NATS. */
export const everybody: readonly string[] = [
  ...new Set([
    ...purchasePath,
    ...readings.flatMap(({ reader, announcer }) => [reader, announcer]),
    ...(await findRpcMethods()).map(({ service }) => service),
  ]),
]
